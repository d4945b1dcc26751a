import { parseMessage } from '@callweave/sip';
import { type IncomingRequest, type OutgoingEvents, type OutgoingRequest } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { EngineGoneError } from '../src/errors.ts';
import { Outliving } from '../src/outliving.ts';

interface Given {
  readonly request: OutgoingRequest;
  readonly events: OutgoingEvents;
}

/** What engines were given to send, and what becomes of a CANCEL that they are given. */
let given: Given[];
let cancel: 'taken' | 'refused' | 'in hand';
let outliving: Outliving;

const one = 'engineoneoneoneo';
const two = 'enginetwotwotwot';

beforeEach(() => {
  given = [];
  cancel = 'in hand';
  outliving = new Outliving({
    send: (request, events, noteCancel) => {
      given.push({ request, events });
      return {
        cancel: (headers = {}) => {
          const noted = noteCancel?.(invite('callee'), headers);
          if (cancel === 'taken') noted?.said();
          else if (cancel === 'refused') noted?.unsaid();
        },
      };
    },
    log: recordLogs(),
  });
  outliving.entered(one);
});

/** An INVITE as it was written, of a caller or to a callee. */
function invite(who: string): Pick<IncomingRequest, 'header' | 'body'> {
  const headers: Record<string, string> = {
    via: `SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK${who};received=192.0.2.9, SIP/2.0/TCP 192.0.2.2;branch=z9hG4bK2`,
    from: '"A, b" <sip:a@d;tag=no>;tag=theirs',
    to: '<sip:b@d>',
    'call-id': who,
    cseq: '7 INVITE',
    route: '<sip:proxy;lr>',
  };
  return { header: (name) => headers[name.toLowerCase()], body: undefined };
}

/** The request of a caller, whose reply an engine takes, refuses or never speaks of again. */
function asked(reply: 'taken' | 'refused' | 'in hand', more: Partial<IncomingRequest> = {}): IncomingRequest {
  return outliving.answering({
    ...{ method: 'INVITE', uri: 'sip:b@d', ...invite('caller'), transport: 'udp', source: '192.0.2.9:5070' },
    ...{ receivedOn: undefined, isFromEngine: false, onCancel: () => undefined, ...more },
    reply: () => {
      if (reply === 'taken') return Promise.resolve();
      return reply === 'refused' ? Promise.reject(new Error('no such transaction')) : new Promise(() => undefined);
    },
  });
}

const changeTo = (engine: string | undefined): void => {
  outliving.left('apart');
  outliving.entered(engine);
};
const said = (): string[] =>
  given.map(({ request: { method, uri, body = '' } }) => [method, uri, body].join('\n').trim());

describe('when the engine has changed before a caller was answered, he is refused', () => {
  const accepts = { status: 200, headers: { To: '<sip:placeholder>;tag=ours' }, body: 'v=0' };

  test('although he was to be accepted, by the tag that he knows and by the way that he came', async () => {
    const request = asked('refused');
    outliving.left('apart');
    await expect(request.reply(accepts)).rejects.toThrow('no such transaction');
    expect(given).toEqual([]);
    outliving.entered(two);
    const [{ request: { method, uri, headers, body = '' } } = fail()] = given;
    expect([method, uri, headers]).toEqual([
      'ON-BEHALF',
      'sip:192.0.2.9:5070;transport=udp',
      { 'Content-Type': 'message/sip' },
    ]);
    const response = parseMessage(Buffer.from(body));
    expect(response).toMatchObject({
      kind: 'response',
      status: 503,
      toTag: 'ours',
      fromTag: 'theirs',
      callId: 'caller',
    });
    const header = (name: string): string | undefined => response.headers.get(name);
    expect([header('via'), header('retry-after'), header('route')]).toEqual([
      invite('caller').header('via'),
      '5',
      undefined,
    ]);
  });

  test('as he was to be: who is busy is busy', async () => {
    const request = asked('refused');
    changeTo(two);
    await expect(request.reply({ status: 486, headers: { Reason: 'Q.850;cause=17' } })).rejects.toThrow();
    expect(given[0]?.request.body).toMatch(/^SIP\/2\.0 486 Busy Here\r\n.*To: <sip:b@d>;tag=gone\r\n.*Reason: Q\.850/s);
  });

  test('even if the engine died with the answer in its hands', () => {
    void asked('in hand').reply(accepts);
    changeTo(two);
    expect(given).toHaveLength(1);
    changeTo(one);
    expect(given).toHaveLength(1);
  });

  test('when he cannot even be told that it rings', async () => {
    const request = asked('refused');
    changeTo(two);
    await expect(request.reply({ status: 180 })).rejects.toThrow();
    expect(given[0]?.request.body).toMatch(/^SIP\/2\.0 503 Service Unavailable\r\n/);
  });

  test('unless the answer has left, the engine is the same, or cannot speak for another', async () => {
    await asked('taken').reply(accepts);
    changeTo(two);
    await expect(asked('refused').reply(accepts)).rejects.toThrow();
    void asked('in hand').reply(accepts);
    changeTo(two);
    void asked('in hand').reply(accepts);
    changeTo(undefined);
    expect(given).toEqual([]);
  });

  test('unless his connection is gone with it, or it was no INVITE', () => {
    for (const more of [{ transport: 'tls' }, { method: 'OPTIONS' }]) void asked('in hand', more).reply(accepts);
    void asked('in hand').reply({ status: 180 });
    changeTo(two);
    expect(given).toEqual([]);
  });
});

describe('an INVITE that is cancelled', () => {
  const request = { method: 'INVITE', uri: 'sip:bob@192.0.2.7' };
  const heard = { responded: () => undefined, failed: () => undefined };
  const ring = (transport = 'udp'): void => {
    given[0]?.events.responded({
      ...invite('again'),
      status: 180,
      reason: '',
      source: '192.0.2.7:5062',
      transport,
    } as never);
    given.splice(0);
  };

  test('is by the next engine if its own has died, as its own would have', () => {
    const sent = outliving.invite(request, heard);
    ring();
    cancel = 'refused';
    outliving.left('apart');
    sent.cancel({ Reason: 'SIP;cause=200' });
    expect(given).toEqual([]);
    outliving.entered(two);
    const [{ request: { uri, body = '' } } = fail()] = given;
    expect(uri).toBe('sip:192.0.2.7:5062;transport=udp');
    const message = parseMessage(Buffer.from(body));
    expect(message).toMatchObject({ kind: 'request', method: 'CANCEL', uri: request.uri, toTag: undefined });
    for (const name of ['from', 'to', 'call-id', 'route'])
      expect(message.headers.get(name)).toBe(invite('callee').header(name));
    // That of the try that was heard.
    expect(message.headers.get('via')).toBe(invite('again').header('via'));
    expect([message.headers.get('cseq'), message.headers.get('reason')]).toEqual(['7 CANCEL', 'SIP;cause=200']);
  });

  test.each(['taken', 'refused'] as const)('is not once more when the CANCEL was %s by the same', (what) => {
    const sent = outliving.invite(request, heard);
    ring();
    cancel = what;
    sent.cancel();
    if (what === 'taken') changeTo(two);
    expect(given).toEqual([]);
  });

  test('is not where nobody has answered it, or only by a connection that is gone', () => {
    cancel = 'refused';
    for (const transport of [undefined, 'tcp']) {
      const sent = outliving.invite(request, heard);
      if (transport !== undefined) ring(transport);
      given.splice(0);
      changeTo(two);
      sent.cancel();
      changeTo(one);
    }
    expect(given).toEqual([]);
  });
});

describe('a BYE', () => {
  const named = { method: 'BYE', uri: 'sip:bob@192.0.2.7', headers: { To: '<sip:b@d>;tag=b' } };
  const failures: unknown[] = [];
  const heard = { responded: () => undefined, failed: (error: unknown) => failures.push(error) };

  test('waits for an engine', () => {
    outliving.left('apart');
    outliving.bye(named, heard);
    expect(given).toEqual([]);
    outliving.entered(one);
    expect(said()).toEqual(['BYE\nsip:bob@192.0.2.7']);
  });

  test.each([
    ['the same engine: it knows the dialog', one, 1],
    ['another: that does not', two, 0],
    ['one that does not tell', undefined, 0],
  ])('that waits in a dialog is for %s', (_what, engine, sent) => {
    failures.splice(0);
    outliving.left('apart');
    outliving.bye({ ...named, dialogId: 'c1;from-tag=a' }, heard);
    outliving.entered(engine);
    expect([given.length, failures.length]).toEqual([sent, 1 - sent]);
  });

  test('is sent again by the next engine when the first died with it in its hands, and not when it had left', () => {
    outliving.bye(named, heard);
    changeTo(two);
    expect(given).toHaveLength(2);
    given[1]?.events.sent?.(invite('callee'));
    changeTo(one);
    expect(given).toHaveLength(2);
  });

  test('is sent again when the connection was lost with it, for nobody knows what became of it', () => {
    outliving.bye(named, heard);
    changeTo(one);
    expect(given).toHaveLength(2);
  });

  test('of a dialog that only the dead engine knew fails, so that it can be named', () => {
    outliving.bye({ ...named, dialogId: 'c1;from-tag=a' }, heard);
    failures.splice(0);
    changeTo(two);
    expect([given.length, failures.length, failures[0] instanceof EngineGoneError]).toEqual([1, 1, true]);
  });
});

test('the refusal of an INVITE whose engine is gone is acknowledged in its place', () => {
  outliving.acknowledge(invite('callee'), '192.0.2.7:5062');
  expect(parseMessage(Buffer.from(given[0]?.request.body ?? ''))).toMatchObject({
    kind: 'request',
    method: 'ACK',
    uri: 'sip:192.0.2.7:5062',
    cseq: { number: 7, method: 'ACK' },
  });
});

function fail(): never {
  throw new Error('nothing was said');
}
