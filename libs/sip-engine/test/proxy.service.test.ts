import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requestText } from '@callweave/sip/testing';
import { type Bench, type BenchPhone, header, openBench, startLine, toTag } from './bench.ts';

let bench: Bench;
let caller: BenchPhone;
let callees: BenchPhone[];

const CALL = { callId: 'proxied', fromTag: 'theirs', uri: 'sip:bob@example.com' };
// Nothing is repeated while the clock is moved on.
const timers = { t1: 600_000, t2: 600_000, t4: 5_000 };

async function start(options: Parameters<typeof openBench>[1] = {}): Promise<void> {
  bench = await openBench(['invite', 'options', 'register', 'message'], options);
  caller = await bench.phone();
  callees = [await bench.phone(), await bench.phone()];
}

beforeEach(() => start({ timers }));
afterEach(() => bench.close());

const method = (text: string): string => text.split(' ', 1)[0] ?? '';
const all = (text: string, name: string): string[] =>
  [...text.matchAll(new RegExp(`^${name}: (.*)\\r$`, 'gm'))].map(([, value = '']) => value);

/** Has the application send what it is told next to `targets`. */
async function proxies(
  targets: readonly BenchPhone[],
  how = 'simultaneous',
  path = 'remainOutOfDialog',
): Promise<void> {
  const told = await bench.app.told();
  const uris = targets.map(({ uri }) => uri).join('|');
  const options = `${path}|basicResponse|nofollow|${how}|||${uris}`;
  bench.app.send(`proxy|${told.txn}|${options}\r\n${told.line}\r\n\r\n`);
}

/** What the phone gets next but for 100. */
async function final(phone = caller): Promise<string> {
  for (;;) {
    const text = await phone.next();
    if (!text.startsWith('SIP/2.0 100')) return text;
  }
}

describe('a proxied INVITE', () => {
  test('may ring as long as the target says so, and is cancelled 185 s after it last did', async () => {
    caller.request({ ...CALL, method: 'INVITE' });
    const [callee] = callees as [BenchPhone];
    await proxies([callee]);
    const invite = await callee.next();
    for (let minute = 0; minute < 5; minute++) {
      callee.answer(invite, '180 Ringing');
      expect(startLine(await final())).toBe('SIP/2.0 180 Ringing');
      bench.clock.advance(180_000);
      expect(callee.waiting).toBe(0);
    }
    bench.clock.advance(6_000);
    const cancel = await callee.next();
    expect(method(cancel)).toBe('CANCEL');
    callee.answer(cancel, '200 OK');
    callee.answer(invite, '487 Request Terminated');
    expect(startLine(await final())).toBe('SIP/2.0 487 Request Terminated');
  });

  test('that several targets challenge brings the caller every challenge at once', async () => {
    caller.request({ ...CALL, method: 'INVITE' });
    await proxies(callees);
    for (const [at, callee] of callees.entries()) {
      const lines = [`${at === 0 ? 'WWW' : 'Proxy'}-Authenticate: Digest realm="r${at}", nonce="n"`];
      callee.answer(await callee.next(), at === 0 ? '401 Unauthorized' : '407 Proxy Authentication Required', {
        lines,
      });
    }
    const answer = await final();
    expect([header(answer, 'WWW-Authenticate'), header(answer, 'Proxy-Authenticate')]).toEqual([
      'Digest realm="r0", nonce="n"',
      'Digest realm="r1", nonce="n"',
    ]);
  });

  test('gets the 2xx of every target, late ones too, and each again', async () => {
    caller.request({ ...CALL, method: 'INVITE' });
    await proxies(callees);
    for (const [at, callee] of callees.entries()) {
      const invite = await callee.next();
      for (let copy = 0; copy < 2; copy++) {
        callee.answer(invite, '200 OK', { tag: `tag${at}` });
        expect(toTag(await final())).toBe(`tag${at}`);
      }
    }
  });

  test('that comes back unchanged has run in a circle; one that comes back changed is a spiral', async () => {
    const [callee] = callees as [BenchPhone];
    caller.request({ ...CALL, method: 'INVITE' });
    await proxies([callee]);
    const there = await callee.next();
    const back = (uri: string): string =>
      there
        .replace(/^INVITE \S+/, `INVITE ${uri}`)
        .replace(/\r\n/, `\r\nVia: SIP/2.0/UDP 127.0.0.1:${callee.port};branch=z9hG4bK${uri.length};rport\r\n`);
    callee.send(back('sip:carol@example.com'));
    await proxies([callee]);
    const again = await final(callee);
    expect(startLine(again)).toBe('INVITE sip:carol@example.com SIP/2.0');
    // A spiral is neither a copy of what is on its way nor merged with it.
    expect(all(again, 'Via')).toHaveLength(4);
    callee.send(back(CALL.uri));
    await proxies([callee]);
    expect(startLine(await final(callee))).toBe('SIP/2.0 482 Loop Detected');
  });

  test('that has no hop left is refused with 483', async () => {
    const sentBy = `127.0.0.1:${caller.port}`;
    const text = requestText({ ...CALL, method: 'INVITE', branch: 'z9hG4bKlast', sentBy });
    caller.send(text.replace('Max-Forwards: 70', 'Max-Forwards: 0'));
    await proxies(callees);
    expect(startLine(await final())).toMatch(/^SIP\/2.0 483 /);
    expect(callees.map(({ waiting }) => waiting)).toEqual([0, 0]);
  });
});

describe('a proxied request other than INVITE', () => {
  test('is answered 100 after 3.5 s, and never 408: whoever asked has given up by then', async () => {
    await bench.close();
    await start();
    caller.request({ ...CALL, method: 'MESSAGE' });
    await proxies(callees);
    bench.clock.advance(3_400);
    expect(caller.waiting).toBe(0);
    bench.clock.advance(200);
    expect(startLine(await caller.next())).toBe('SIP/2.0 100 Trying');
    bench.clock.advance(64_000);
    expect((await bench.app.command('ping')).tokens[4]).toBe('pong');
    expect(caller.waiting).toBe(0);
    expect(bench.engine.stats()).toMatchObject({ pending: 0, transactions: 0 });
  });

  test('is answered once, by the first 2xx', async () => {
    caller.request({ ...CALL, method: 'MESSAGE' });
    await proxies(callees);
    for (const callee of callees) callee.answer(await callee.next(), '200 OK', { tag: `of${callee.port}` });
    expect(startLine(await final())).toBe('SIP/2.0 200 OK');
    caller.request({ ...CALL, callId: 'next', method: 'MESSAGE' });
    await bench.app.told();
    expect(caller.waiting).toBe(0);
  });

  test('a REGISTER leaves our address in its Path, by which requests come to the contact', async () => {
    const [registrar, device] = callees as [BenchPhone, BenchPhone];
    caller.request({ ...CALL, method: 'REGISTER' });
    await proxies([registrar], 'serial', 'remainInDialog');
    const register = await registrar.next();
    const path = header(register, 'Path');
    expect([path, header(register, 'Require')]).toEqual([expect.stringContaining(`:${bench.sipPort};lr`), 'path']);
    caller.request({ method: 'OPTIONS', callId: 'by-path', uri: device.uri, headers: [`Route: ${path}`] });
    await proxies([device]);
    const options = await device.next();
    expect([startLine(options), header(options, 'Route')]).toEqual([`OPTIONS ${device.uri} SIP/2.0`, '']);
  });
});

describe('within a dialog that was proxied with Record-Route', () => {
  /** The Record-Route that a call leaves, at whom it was for. */
  async function recorded(): Promise<string> {
    const [callee] = callees as [BenchPhone];
    caller.request({ ...CALL, method: 'INVITE' });
    await proxies([callee], 'serial', 'remainInDialog');
    const invite = await callee.next();
    callee.answer(invite, '200 OK');
    await final();
    return header(invite, 'Record-Route');
  }

  const within = (text: string, lines: readonly string[]): string =>
    requestText({ ...CALL, method: 'INFO', toTag: 'b', branch: `z9hG4bK${text.length}${lines.join().length}` })
      .replace(/^INFO \S+/, `INFO ${text}`)
      .replace('\r\n', `\r\n${lines.map((line) => `Route: ${line}\r\n`).join('')}`);

  test('a strict router before us is understood, and one behind us gets what it wants', async () => {
    const [callee, router] = callees as [BenchPhone, BenchPhone];
    const ours = await recorded();
    // A strict router has put us into the Request-URI, and the target last.
    caller.send(within(/<(.*)>/.exec(ours)?.[1] ?? '', [`<${callee.uri}>`]));
    const plain = await callee.next();
    expect([startLine(plain), all(plain, 'Route')]).toEqual([`INFO ${callee.uri} SIP/2.0`, []]);
    const strict = `sip:127.0.0.1:${router.port}`;
    caller.send(within(callee.uri, [ours, `<${strict}>`, '<sip:last.example.com;lr>']));
    const there = await router.next();
    expect([startLine(there), all(there, 'Route')]).toEqual([
      `INFO ${strict} SIP/2.0`,
      ['<sip:last.example.com;lr>', `<${callee.uri}>`],
    ]);
    caller.send(within(callee.uri, [ours, `<${strict};lr>`]));
    const loose = await router.next();
    expect([startLine(loose), all(loose, 'Route')]).toEqual([`INFO ${callee.uri} SIP/2.0`, [`<${strict};lr>`]]);
  });
});

test('what an application sends within a dialog goes by its strict router', async () => {
  const [router] = callees as [BenchPhone];
  caller.request({
    ...CALL,
    method: 'INVITE',
    headers: [`Record-Route: <sip:127.0.0.1:${router.port}>, <sip:two.example.com;lr>`],
  });
  await caller.next();
  const invite = await bench.app.told();
  const { tokens } = await bench.app.answer(invite, '200 OK');
  await caller.next();
  await bench.app.request('BYE sip:placeholder', { about: `|${tokens[11] ?? ''}` });
  const bye = await router.next();
  expect([startLine(bye), all(bye, 'Route')]).toEqual([
    `BYE sip:127.0.0.1:${router.port} SIP/2.0`,
    ['<sip:two.example.com;lr>', `<${caller.uri}>`],
  ]);
});
