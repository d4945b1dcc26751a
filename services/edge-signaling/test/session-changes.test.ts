import { FakeClock } from '@callweave/clock/testing';
import { CallId, defaultTenant, MediaNodeId } from '@callweave/contracts';
import { type IncomingRequest, type OutgoingEvents, type Reply } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';
import { type Anchored } from '../src/call/call-ports.ts';
import { SessionChanges } from '../src/call/session-changes.ts';
import { type Session, type Side } from '../src/call/session.ts';
import { readSessionRequest } from '../src/call/session-request.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { type Leg } from '../src/leg/leg.ts';
import { fakeRequest, response } from './fake-call.ts';

const node = MediaNodeId.parse('127.0.0.1:2223@1');

function sdp(direction: string): string {
  return `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=${direction}\r\n`;
}

const session: Session = {
  caller: { profile: 'rtp', sdp: sdp('sendrecv'), holds: false },
  callee: { profile: 'rtp', sdp: sdp('sendrecv'), holds: false },
};

interface World {
  readonly seen: string[];
  readonly clock: FakeClock;
  readonly changes: SessionChanges;
  /** Requests to a side that are not answered yet, in order. */
  readonly asked: OutgoingEvents[];
  /** A change that a side asks for; the result cancels it. */
  readonly ask: (from: Side, direction?: string, method?: string) => () => void;
  /** An INVITE of one side that leaves the offer to the other. */
  readonly askForOffer: (from: Side) => void;
  /** What a side answers. */
  readonly answers: (status: number, direction?: string) => Promise<void>;
  readonly settle: () => Promise<void>;
}

function world({ offered, undelivered = false }: { offered?: Anchored; undelivered?: boolean } = {}): World {
  const seen: string[] = [];
  const asked: OutgoingEvents[] = [];
  const clock = new FakeClock();
  const leg = (side: Side): Leg => ({
    legId: createLegId(),
    identity: { callId: 'c', remoteTag: 't' },
    dialog: {
      localUri: '',
      remoteUri: '',
      remoteTarget: '',
      nextHop: undefined,
      routeSet: [],
      localCseq: 0,
      remoteCseq: 0,
    },
    trace: undefined,
    edge: undefined,
    receive: () => Promise.resolve(),
    request: ({ method, body }, events) => {
      seen.push(`${side} is sent ${method} ${directionOf(body)}`);
      asked.push(events);
      return { cancel: () => seen.push(`${side} is sent CANCEL`) };
    },
    refreshTarget: () => seen.push(`${side} refreshed`),
    hangUp: () => undefined,
    drop: () => undefined,
  });
  const changes = new SessionChanges(session, {
    isReplaceable: () => false,
    place: () => ({
      tenant: defaultTenant,
      callId: CallId.parse('01HF7YAT000000000000000000'),
      caller: leg('caller'),
      callee: leg('callee'),
      node,
      media: {
        offer: (question) => {
          seen.push(`media offered ${directionOf(question.sdp)}`);
          return Promise.resolve(offered ?? { kind: 'anchored', sdp: question.sdp, node });
        },
        answer: (question) => {
          seen.push(`media answered ${directionOf(question.sdp)}`);
          return Promise.resolve({ kind: 'anchored', sdp: question.sdp, node });
        },
      },
    }),
    teller: { held: (by) => void seen.push(`held by ${by}`), resumed: (by) => void seen.push(`resumed by ${by}`) },
    changed: () => seen.push('changed'),
    gone: (status) => seen.push(`gone ${String(status)}`),
    random: () => 0.5,
    clock,
    log: recordLogs(),
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 30; i++) await Promise.resolve();
  };
  return {
    seen,
    clock,
    changes,
    asked,
    settle,
    askForOffer: (from) => {
      const replied = ({ status, body }: Reply): void => {
        seen.push(`${from} is told ${String(status)} ${directionOf(body)}`);
      };
      changes.offer(fakeRequest('INVITE', replied), from, undefined);
    },
    ask: (from, direction = 'sendrecv', method = 'INVITE') => {
      let cancel = (): void => undefined;
      const replied = ({ status, headers }: Reply): void => {
        const retry = headers?.['Retry-After'];
        seen.push(`${from} is told ${String(status)}${retry === undefined ? '' : ` after ${[retry].flat().join('')}`}`);
      };
      const request = fakeRequest(method, replied, (listener) => (cancel = listener));
      const lost = { ...request, reply: () => Promise.reject(new Error('cancelled')) };
      changes.offer(undelivered ? lost : request, from, sdp(direction));
      return () => cancel();
    },
    answers: async (status, direction = 'sendrecv') => {
      await settle();
      const body = status < 300 ? sdp(direction) : undefined;
      const acknowledged = (answer: string | undefined): void => {
        seen.push(answer === undefined ? 'ACK' : `ACK ${directionOf(answer)}`);
      };
      asked.shift()?.responded({ ...response(status, acknowledged), body });
      await settle();
    },
  };
}

function directionOf(body: string | undefined): string {
  return /a=(\w+)/.exec(body ?? '')?.[1] ?? 'nothing';
}

describe('a session', () => {
  test('is changed by the offer of one side and the answer of the other, with the media in between', async () => {
    const { seen, ask, answers } = world();
    ask('caller');
    await answers(200);
    expect(seen).toEqual([
      'media offered sendrecv',
      'callee is sent INVITE sendrecv',
      'ACK',
      'media answered sendrecv',
      'caller is told 200',
      'caller refreshed',
      'callee refreshed',
      'changed',
    ]);
  });

  test('tells who puts whom on hold, and when he comes back, once', async () => {
    const { seen, ask, answers, changes } = world();
    const change = async (by: Side, offer: string, answer: string): Promise<void> => {
      ask(by, offer);
      await answers(200, answer);
      changes.acknowledged(by, undefined);
    };
    await change('caller', 'sendonly', 'recvonly');
    await change('caller', 'inactive', 'inactive');
    await change('callee', 'sendonly', 'inactive');
    await change('caller', 'sendrecv', 'sendonly');
    await change('callee', 'sendrecv', 'sendrecv');
    expect(seen.filter((line) => /held|resumed/.test(line))).toEqual([
      'held by caller',
      'held by callee',
      'resumed by caller',
      'resumed by callee',
    ]);
  });

  test('is what it was when the other side refuses, at the media node too', async () => {
    const { seen, ask, answers } = world();
    ask('callee', 'sendonly');
    await answers(488);
    expect(seen).toEqual([
      'media offered sendonly',
      'caller is sent INVITE sendonly',
      'media offered sendrecv',
      'media answered sendrecv',
      'callee is told 488',
    ]);
    ask('callee');
    await answers(200);
    expect(seen.at(-1)).toBe('changed');
  });

  test.each([408, 481])('is over when the other side answers %d', async (status) => {
    const { seen, ask, answers } = world();
    ask('caller');
    await answers(status);
    expect(seen.slice(-2)).toEqual([`caller is told ${String(status)}`, `gone ${String(status)}`]);
  });

  test('stays when its media cannot follow now, and the side that asked is told when to come back', async () => {
    const { seen, ask, settle } = world({ offered: { kind: 'unavailable' } });
    ask('caller');
    await settle();
    expect(seen).toEqual(['media offered sendrecv', 'caller is told 503 after 5']);
  });

  test('is changed by one side at a time: the other is told 491, the same one when to come back', async () => {
    const { seen, ask, answers, changes } = world();
    ask('caller');
    ask('callee');
    ask('caller');
    expect(seen.slice(1)).toEqual(['callee is told 491', 'caller is told 500 after 5']);
    await answers(200);
    ask('callee');
    expect(seen.at(-1)).toBe('callee is told 491');
    changes.acknowledged('caller', undefined);
    ask('callee');
    await answers(200);
    expect(seen).toContain('callee is told 200');
  });

  test('can be changed again by the other side when the ACK of a change never comes', async () => {
    const { seen, clock, ask, answers } = world();
    ask('caller');
    await answers(200);
    clock.advance(32_000);
    ask('callee');
    await answers(200);
    expect(seen).toContain('callee is told 200');
  });

  test('changed by UPDATE needs no ACK on either side', async () => {
    const { seen, ask, answers } = world();
    ask('caller', 'sendonly', 'UPDATE');
    await answers(200, 'recvonly');
    ask('callee', 'sendrecv', 'UPDATE');
    await answers(200);
    expect(seen).not.toContain('ACK');
    expect(seen.filter((line) => / is /.test(line))).toEqual([
      'callee is sent UPDATE sendonly',
      'caller is told 200',
      'caller is sent UPDATE sendrecv',
      'callee is told 200',
    ]);
  });

  test('whose change is cancelled cancels it at the other side', async () => {
    const { seen, ask, answers, settle } = world();
    const cancel = ask('caller', 'sendonly');
    await settle();
    cancel();
    await answers(487);
    expect(seen.slice(2)).toEqual(['callee is sent CANCEL', 'media offered sendrecv', 'media answered sendrecv']);
  });

  test.each([
    ['was cancelled too late', false],
    ['cannot be told of it', true],
  ])('is taken back at the other side when the one that asked %s', async (_when, undelivered) => {
    const { seen, ask, answers, settle } = world({ undelivered });
    const cancel = ask('caller', 'sendonly');
    await settle();
    if (!undelivered) cancel();
    await answers(200, 'recvonly');
    expect(seen.at(-1)).toBe('callee is sent INVITE sendrecv');
    await answers(200);
    expect(seen.slice(-2)).toEqual(['ACK', 'media answered sendrecv']);
    expect(seen).not.toContain('changed');
  });

  test('may be left to the other side: its 2xx brings the offer, and the ACK the answer', async () => {
    const { seen, askForOffer, answers, changes, settle } = world();
    askForOffer('caller');
    await answers(200, 'sendonly');
    changes.acknowledged('caller', sdp('recvonly'));
    await settle();
    expect(seen).toEqual([
      'callee is sent INVITE nothing',
      'media offered sendonly',
      'caller is told 200 sendonly',
      ...['caller refreshed', 'callee refreshed'],
      ...['media answered recvonly', 'ACK recvonly'],
      ...['held by callee', 'changed'],
    ]);
  });

  test('left to the other side occupies both dialogs until it is answered, and ends the call when it never is', async () => {
    const { seen, ask, askForOffer, answers, changes, settle } = world();
    askForOffer('callee');
    await answers(200);
    ask('caller');
    expect(seen.at(-1)).toBe('caller is told 491');
    changes.acknowledged('callee', undefined);
    await settle();
    expect(seen.slice(-2)).toEqual(['ACK', 'gone 488']);
  });

  test('left to the other side is acknowledged when the call ends before the answer, and when media is away', async () => {
    const { seen, askForOffer, answers, changes } = world();
    askForOffer('caller');
    await answers(200);
    changes.close();
    expect(seen.at(-1)).toBe('ACK');
    const away = world({ offered: { kind: 'no-node' } });
    away.askForOffer('caller');
    await away.answers(200);
    expect(away.seen.slice(1, 4)).toEqual(['media offered sendrecv', 'ACK', 'media offered sendrecv']);
    expect(away.seen.at(-1)).toBe('caller is told 503 nothing');
  });

  test('whose call ends meanwhile is answered 487, and a late answer acknowledged and nothing more', async () => {
    const { seen, ask, answers, changes, settle } = world();
    ask('caller');
    await settle();
    changes.close();
    await answers(200);
    expect(seen.filter((line) => !line.startsWith('media'))).toEqual([
      'callee is sent INVITE sendrecv',
      'caller is told 487',
      'ACK',
    ]);
  });
});

describe('a request inside a dialog', () => {
  const read = (headers: Record<string, string>, method = 'INVITE', body: string | undefined = 'v=0'): unknown => {
    const request: IncomingRequest = { ...fakeRequest(method, () => undefined), header: (name) => headers[name], body };
    const read = readSessionRequest(request);
    return read.kind === 'refuse' ? read.reply.status : read.kind;
  };
  const type = { 'content-type': 'application/sdp; charset=utf-8' };

  test('that changes the session is read as an offer or refused with the answer of the RFC', () => {
    expect(read(type)).toBe('offer');
    expect(read(type, 'UPDATE')).toBe('offer');
    expect(read(type, 'INFO')).toBe('other');
    expect(read({ ...type, require: 'precondition' })).toBe(420);
    expect(read({ 'content-type': 'text/plain' })).toBe(415);
    expect(read(type, 'INVITE', 'v'.repeat(70_000))).toBe(488);
  });
});
