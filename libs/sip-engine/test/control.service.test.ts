import { systemClock } from '@callweave/clock';
import { BindError, type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, openRawPhone, type RawApp, type RawPhone } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let engine: SipEngine;
let phone: RawPhone;
const apps: RawApp[] = [];

const options = {
  contacts: [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const, 'tcp' as const] }],
  control: { address: '127.0.0.1', port: 0, secret: 's3cret' },
  // Nothing is repeated.
  timers: { t1: 60_000, t2: 60_000, t4: 5_000 },
};

beforeEach(async () => {
  engine = await startSipEngine(options, { clock: systemClock, log: recordLogs() });
  phone = await openRawPhone();
});

afterEach(async () => {
  for (const app of apps.splice(0)) app.close();
  phone.close();
  await engine.stop();
});

const sipPort = (): number => Number(engine.contacts[0]?.split(':').at(-1));

async function connectApp(...verbs: string[]): Promise<RawApp> {
  const app = await connectRawApp(engine.controlPort);
  apps.push(app);
  app.send('a|authenticate|s3cret|');
  await app.next();
  for (const verb of verbs) {
    app.send(`r|route|${verb}`);
    await app.next();
  }
  return app;
}

let count = 0;
/** Sends a request of its own transaction and returns the answers' first lines. */
async function ask(
  fields: Parameters<typeof requestText>[0] = {},
  edit = (text: string): string => text,
): Promise<string> {
  count++;
  const sentBy = `127.0.0.1:${phone.port}`;
  phone.send(edit(requestText({ branch: `z9hG4bKt${count}`, callId: `call${count}`, sentBy, ...fields })), sipPort());
  return phone.next();
}

const firstLine = (text: string): string => text.split('\r\n', 1)[0] ?? '';

/** Answers what `frame` brought. */
function answer(app: RawApp, frame: string, line: string): void {
  app.send(`x|sip|${frame.split('|')[8] ?? ''}|\r\nSIP/2.0 ${line}\r\nX-App: yes\r\n\r\n`);
}

describe('authentication', () => {
  test.each(['a|ping', 'a|route|invite', 'a|sip||\r\nOPTIONS sip:x@192.0.2.1 SIP/2.0\r\n\r\n'])(
    '%j before it is refused',
    async (command) => {
      const app = await connectRawApp(engine.controlPort);
      app.send(command);
      expect(await app.next()).toMatch(/\|response\|a\|NO\|not authenticated$/);
      await app.closed();
    },
  );

  test('a wrong secret is refused', async () => {
    const app = await connectRawApp(engine.controlPort);
    app.send('a|authenticate|wrong|');
    expect(await app.next()).toMatch(/\|response\|a\|NO\|incorrect secret$/);
    await app.closed();
    expect(engine.stats().apps).toBe(0);
  });

  test.each([
    ['a', 'Invalid message format'],
    ['a|frobby', 'Unknown message type'],
    ['a|constructor', 'Unknown message type'],
    ['a|route', 'Invalid message format'],
    ['a|proxy|x|', 'Invalid message format'],
  ])('the broken frame %j is answered "%s", and the connection closed', async (payload, reason) => {
    const app = await connectApp();
    app.send(payload);
    expect(await app.next()).toContain(`|response|a|NO|${reason}`);
    await app.closed();
  });

  test.each(['hello', '99999999#', '0#'])('%j is no frame: the connection is closed without a word', async (bytes) => {
    const app = await connectApp();
    app.sendRaw(bytes);
    await app.closed();
  });
});

describe('requests that no application sees', () => {
  test.each(['INVITE', 'BYE', 'UPDATE', 'REFER'])(
    '%s of a dialog that is not known, whoever routes the verb',
    async (method) => {
      await connectApp(method.toLowerCase());
      expect(await ask({ method, toTag: 'x' })).toMatch(/^SIP\/2.0 481 /);
    },
  );

  test.each<[string, Parameters<typeof requestText>[0], RegExp]>([
    ['an INVITE', { method: 'INVITE' }, /^SIP\/2.0 503 .*\r\nRetry-After: \d+\r\n/s],
    ['an OPTIONS', {}, /^SIP\/2.0 503 /],
    ['a BYE', { method: 'BYE' }, /^SIP\/2.0 481 /],
    ['an UPDATE', { method: 'UPDATE' }, /^SIP\/2.0 481 /],
    ['a PRACK', { method: 'PRACK' }, /^SIP\/2.0 481 /],
    ['a REFER', { method: 'REFER' }, /^SIP\/2.0 481 /],
    ['a CANCEL', { method: 'CANCEL' }, /^SIP\/2.0 481 /],
    ['an INFO with a tag', { method: 'INFO', toTag: 'x' }, /^SIP\/2.0 481 /],
    ['an unknown method', { method: 'FROBNICATE' }, /^SIP\/2.0 501 .*\r\nAllow: [A-Z, ]+\r\n/s],
  ])('%s is answered all the same', async (_, fields, expected) => {
    expect(await ask(fields)).toMatch(expected);
  });

  test.each<[string, (text: string) => string, string]>([
    ['no Call-ID', (text) => text.replace(/Call-ID: .*\r\n/, ''), '400 Bad Request - call-id-missing'],
    ['no CSeq', (text) => text.replace(/CSeq: .*\r\n/, ''), '400 Bad Request - cseq-missing'],
    ['no From', (text) => text.replace(/From: .*\r\n/, ''), '400 Bad Request - from-missing'],
    ['no To', (text) => text.replace(/To: .*\r\n/, ''), '400 Bad Request - to-missing'],
    ['another method in CSeq', (text) => text.replace('1 OPTIONS', '1 INVITE'), '400 Bad Request - cseq-method'],
    ['a CSeq too large', (text) => text.replace('1 OPTIONS', '4294967296 OPTIONS'), '400 Bad Request - cseq-number'],
    ['SIP/1.0', (text) => text.replace('SIP/2.0\r\n', 'SIP/1.0\r\n'), '505 Version Not Supported'],
    ['a body cut short', (text) => text.replace('Length: 0', 'Length: 9'), '400 Bad Request - content-length'],
    ['a separator in Call-ID', (text) => text.replace('Call-ID: ', 'Call-ID: a|b'), '400 Bad Request - call-id'],
    ['a broken Contact', (text) => text.replace('CSeq', 'Contact: <sip:a\r\nCSeq'), '400 Bad Request - name-addr'],
    [
      'a broken Record-Route',
      (text) => text.replace('CSeq', 'Record-Route: <sip:broken\r\nCSeq'),
      '400 Bad Request - name-addr',
    ],
    ['a broken Route', (text) => text.replace('CSeq', 'Route: <sip:broken\r\nCSeq'), '400 Bad Request - name-addr'],
    ['two Froms', (text) => text.replace('CSeq', 'From: <sip:x@y>;tag=z\r\nCSeq'), '400 Bad Request - from-repeated'],
    ['a line without a colon', (text) => text.replace('CSeq', 'garbage\r\nCSeq'), '400 Bad Request - header-line'],
  ])('%s is answered, naming the rule', async (_, edit, expected) => {
    expect(firstLine(await ask({}, edit))).toBe(`SIP/2.0 ${expected}`);
  });

  test('a method in lower case is another one, which nobody knows', async () => {
    await connectApp('options');
    expect(firstLine(await ask({ method: 'options' }))).toBe('SIP/2.0 501 Not Implemented');
  });

  test('garbage, answers to nothing and ACKs are dropped in silence', async () => {
    const sentBy = `127.0.0.1:${phone.port}`;
    const silent = [
      'hello, is this SIP at all?',
      requestText({ sentBy }).replace(/Via: .*\r\n/, ''),
      requestText({ sentBy, method: 'ACK' }),
      requestText({ sentBy, method: 'ACK' }).replace(/Call-ID: .*\r\n/, ''),
      requestText({ sentBy }).replace(/^.*/, 'SIP/2.0 200 OK'),
      Buffer.alloc(300),
      Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...Array<number>(24).fill(7)]),
    ];
    for (const text of silent) phone.send(text, sipPort());
    expect(firstLine(await ask())).toContain('503');
    expect(phone.waiting).toBe(0);
  });

  test('a request from behind a NAT is answered where it came from, and told so', async () => {
    const text = await ask({ sentBy: '192.0.2.77:5999' });
    expect(text).toContain(`;rport=${phone.port};received=127.0.0.1`);
  });
});

describe('requests for applications', () => {
  test('an 8 kB user arrives whole', async () => {
    const app = await connectApp('options');
    const user = 'u'.repeat(8_192);
    const answered = ask({ uri: `sip:${user}@example.com` });
    const frame = await app.next();
    expect(frame).toContain(`OPTIONS sip:${user}@example.com SIP/2.0\r\n`);
    answer(app, frame, '200 OK');
    expect(await answered).toMatch(/^SIP\/2.0 200 OK\r\n.*\r\nX-App: yes\r\n/s);
  });

  test('a repetition is absorbed before the answer and answered after it', async () => {
    const app = await connectApp('options');
    const text = requestText({ branch: 'z9hG4bKrep', callId: 'rep', sentBy: `127.0.0.1:${phone.port}` });
    for (let i = 0; i < 3; i++) phone.send(text, sipPort());
    const frame = await app.next();
    answer(app, frame, '200 OK');
    const first = await phone.next();
    phone.send(text, sipPort());
    expect(await phone.next()).toBe(first);
    expect(await app.next()).toContain('|OK|application|');
    answer(app, frame, '404 Not Found');
    expect(await app.next()).toContain('|NOK|Response not sent due to unknown transaction');
  });

  test('applications that routed a verb, however often, take turns', async () => {
    const one = await connectApp('options', 'options', 'options');
    const two = await connectApp('options');
    for (const app of [one, two, one, two]) {
      const answered = ask();
      answer(app, await app.next(), '200 OK');
      expect(firstLine(await answered)).toBe('SIP/2.0 200 OK');
      expect(await app.next()).toContain('|OK|application|');
    }
  });

  test('a Contact that leads nowhere makes no dialog', async () => {
    await connectApp('invite');
    const text = await ask({ method: 'INVITE', headers: ['Contact: <sip:@>'] });
    expect(firstLine(text)).toMatch(/^SIP\/2.0 400 Bad Request - /);
  });

  test('headers called like what every object has are headers', async () => {
    const app = await connectApp('options');
    const answered = ask({ headers: ['constructor: one'] });
    const frame = await app.next();
    expect(frame).toContain('constructor: one\r\n');
    app.send(`x|sip|${frame.split('|')[8] ?? ''}|\r\nSIP/2.0 200 OK\r\nconstructor: two\r\n\r\n`);
    expect(await answered).toMatch(/^SIP\/2.0 200 OK\r\n.*\r\nconstructor: two\r\n/is);
  });

  test('what a lost application had not touched goes to another', async () => {
    const [lost, other] = [await connectApp('options'), await connectApp('options')];
    const answered = ask();
    await lost.next();
    lost.close();
    answer(other, await other.next(), '200 OK');
    expect(firstLine(await answered)).toBe('SIP/2.0 200 OK');
  });

  test('without another the peer is told to come back later, at once', async () => {
    const app = await connectApp('options');
    const answered = ask();
    await app.next();
    app.close();
    expect(await answered).toMatch(/^SIP\/2.0 503 .*\r\nRetry-After: 5\r\n/s);
    expect(engine.stats().pending).toBe(0);
  });

  test('remove_route forgets that verb and no other', async () => {
    const app = await connectApp('options', 'message');
    app.send('r|remove_route|options');
    await app.next();
    expect(firstLine(await ask())).toContain('503');
    void ask({ method: 'MESSAGE' });
    expect(await app.next()).toContain('MESSAGE sip:');
  });

  test('a CANCEL ends an INVITE and is shown to the application', async () => {
    const app = await connectApp('invite');
    expect(firstLine(await ask({ method: 'INVITE', branch: 'z9hG4bKinv', callId: 'inv' }))).toBe('SIP/2.0 100 Trying');
    const invite = await app.next();
    const cancelled = ask({ method: 'CANCEL', branch: 'z9hG4bKinv', callId: 'inv' });
    const answers = [await cancelled, await phone.next()].map(
      (text) => `${firstLine(text)} ${/CSeq: (.*)\r/.exec(text)?.[1] ?? ''}`,
    );
    expect(answers).toEqual(['SIP/2.0 200 OK 1 CANCEL', 'SIP/2.0 487 Request Terminated 1 INVITE']);
    const cancel = await app.next();
    expect(cancel.split('|')[8]).toBe(invite.split('|')[8]);
    expect(cancel).toContain('CANCEL sip:');
    answer(app, invite, '200 OK');
    expect(await app.next()).toContain('|NOK|Response not sent due to unknown transaction');
  });

  test('a CANCEL that comes after the answer is answered 200 and changes nothing', async () => {
    const app = await connectApp('invite', 'options');
    await ask({ method: 'INVITE', branch: 'z9hG4bKlate', callId: 'late' });
    answer(app, await app.next(), '486 Busy Here');
    expect(firstLine(await phone.next())).toBe('SIP/2.0 486 Busy Here');
    expect(await app.next()).toContain('|OK|application|');
    const sentBy = `127.0.0.1:${phone.port}`;
    phone.send(requestText({ method: 'ACK', branch: 'z9hG4bKlate', callId: 'late', sentBy }), sipPort());
    const text = await ask({ method: 'CANCEL', branch: 'z9hG4bKlate', callId: 'late' });
    expect(text).toMatch(/^SIP\/2.0 200 OK\r\n.*\r\nCSeq: 1 CANCEL\r\n/s);
    void ask();
    // The application is shown the next request, not the CANCEL; the phone got nothing but the 200.
    expect(await app.next()).toContain('OPTIONS sip:');
    expect(phone.waiting).toBe(0);
  });

  test('in a dialog a request overtaken by a later one is answered 500, and no application sees it', async () => {
    const app = await connectApp('invite');
    const call = { callId: 'order', headers: [`Contact: <sip:127.0.0.1:${phone.port}>`] };
    await ask({ ...call, method: 'INVITE', branch: 'z9hG4bKorder', cseq: 5 });
    answer(app, await app.next(), '200 OK');
    const toTag = /To: .*;tag=(\S+)\r/.exec(await phone.next())?.[1] ?? '';
    const sentBy = `127.0.0.1:${phone.port}`;
    phone.send(requestText({ ...call, method: 'ACK', branch: 'z9hG4bKack', cseq: 5, toTag, sentBy }), sipPort());
    expect(await app.next()).toContain('|OK|application|');
    expect(await app.next()).toContain('ACK sip:');
    expect(firstLine(await ask({ ...call, method: 'BYE', cseq: 4, toTag }))).toMatch(/^SIP\/2.0 500 /);
    const ended = ask({ ...call, method: 'BYE', cseq: 6, toTag });
    const bye = await app.next();
    expect(bye).toContain('6 BYE');
    answer(app, bye, '200 OK');
    expect(firstLine(await ended)).toBe('SIP/2.0 200 OK');
  });
});

describe('calls an application makes', () => {
  const answerTo = (invite: string, status: string, tag: string): string => {
    const lines = invite.split('\r\n').filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/.test(line));
    const tagged = lines.map((line) => (line.startsWith('To:') ? `${line};tag=${tag}` : line));
    return [`SIP/2.0 ${status}`, ...tagged, `Contact: <sip:127.0.0.1:${phone.port}>`, 'Content-Length: 0', '', ''].join(
      '\r\n',
    );
  };
  const method = (text: string): string => text.split(' ', 1)[0] ?? '';

  async function call(app: RawApp): Promise<{ invite: string; txn: string }> {
    app.send(`c|sip||\r\nINVITE sip:bob@127.0.0.1:${phone.port} SIP/2.0\r\n\r\nv=0\r\n`);
    const reply = await app.next();
    return { invite: await phone.next(), txn: reply.split('|')[10] ?? '' };
  }

  test('an answer of a second phone is acknowledged and ended, whatever the first does', async () => {
    const app = await connectApp();
    const { invite } = await call(app);
    phone.send(answerTo(invite, '200 OK', 'one'), sipPort());
    const dialog = (await app.next()).split('|')[9] ?? '';
    phone.send(answerTo(invite, '200 OK', 'two'), sipPort());
    const [ack, bye] = [await phone.next(), await phone.next()];
    expect([method(ack), method(bye)]).toEqual(['ACK', 'BYE']);
    expect([ack, bye].every((text) => text.includes(';tag=two'))).toBe(true);
    app.send(`k|sip||${dialog}\r\nACK sip:x SIP/2.0\r\n\r\n`);
    expect(await phone.next()).toMatch(/^ACK .*;tag=one/s);
    phone.send(answerTo(invite, '200 OK', 'one'), sipPort());
    expect(await phone.next()).toMatch(/^ACK .*;tag=one/s);
  });

  test('a CANCEL waits for the first answer, and the 487 is acknowledged', async () => {
    const app = await connectApp();
    const { invite, txn } = await call(app);
    app.send(`k|sip|${txn}|\r\nCANCEL sip:x SIP/2.0\r\nReason: test\r\n\r\n`);
    expect(await app.next()).toMatch(/\|response\|k\|OK\|application\|0\|/);
    expect(phone.waiting).toBe(0);
    phone.send(answerTo(invite, '180 Ringing', 'one'), sipPort());
    expect(await phone.next()).toMatch(/^CANCEL .*\r\nReason: test\r\n/s);
    phone.send(answerTo(invite, '487 Request Terminated', 'one'), sipPort());
    expect(method(await phone.next())).toBe('ACK');
    expect([await app.next(), await app.next()].map((text) => firstLine(text.slice(text.indexOf('\r\n') + 2)))).toEqual(
      ['SIP/2.0 180 Ringing', 'SIP/2.0 487 Request Terminated'],
    );
    expect(engine.stats().dialogs).toBe(0);
  });

  test('when the application is lost a ringing call is cancelled, and one answered after all is ended', async () => {
    const app = await connectApp();
    const { invite } = await call(app);
    phone.send(answerTo(invite, '180 Ringing', 'one'), sipPort());
    await app.next();
    app.close();
    expect(method(await phone.next())).toBe('CANCEL');
    phone.send(answerTo(invite, '200 OK', 'one'), sipPort());
    expect([method(await phone.next()), method(await phone.next())]).toEqual(['ACK', 'BYE']);
    expect(engine.stats().dialogs).toBe(0);
  });
});

describe('limits', () => {
  test('above the limit of transactions the peer is told to come back later', async () => {
    await engine.stop();
    engine = await startSipEngine(
      { ...options, limits: { maxTransactions: 1 } },
      { clock: systemClock, log: recordLogs() },
    );
    const app = await connectApp('options');
    const text = requestText({ branch: 'z9hG4bKfirst', callId: 'first', sentBy: `127.0.0.1:${phone.port}` });
    phone.send(text, sipPort());
    await app.next();
    expect(await ask()).toMatch(/^SIP\/2.0 503 .*\r\nRetry-After: 5\r\n/s);
  });

  test('a taken port is named', async () => {
    const [host, port] = ['127.0.0.1', sipPort()];
    const again = startSipEngine(
      { ...options, contacts: [{ address: host, port, protocols: ['udp'] }] },
      { clock: systemClock, log: recordLogs() },
    );
    await expect(again).rejects.toThrow(BindError);
    await expect(again).rejects.toMatchObject({ endpoint: `udp/127.0.0.1:${port}`, reason: 'EADDRINUSE' });
  });
});
