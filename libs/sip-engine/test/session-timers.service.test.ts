import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Bench, type BenchPhone, header, openBench, startLine, type Told, toTag } from './bench.ts';

let bench: Bench;
let phone: BenchPhone;

const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n';
const CALL = { callId: 'timed', fromTag: 'theirs' };
const TIMER = 'Supported: timer';
const UPDATES = 'Allow: INVITE, ACK, BYE, UPDATE';

async function start(options: Parameters<typeof openBench>[1] = {}): Promise<void> {
  bench = await openBench(['invite', 'bye', 'update'], options);
  phone = await bench.phone();
}

afterEach(() => bench.close());

const method = (text: string): string => text.split(' ', 1)[0] ?? '';

/** A call of the phone; returns our 2xx. */
async function answered(headers: readonly string[], lines: readonly string[] = []): Promise<string> {
  phone.request({ ...CALL, method: 'INVITE', headers, body: SDP });
  await phone.next();
  await bench.app.answer(await bench.app.told(), '200 OK', lines, SDP);
  const response = await phone.next();
  phone.request({ ...CALL, method: 'ACK', toTag: toTag(response) });
  await bench.app.told();
  return response;
}

/** A call of the application, answered with `lines`; returns what it was told. */
async function calls(lines: readonly string[], { offer = SDP, ack = '' } = {}): Promise<Told> {
  await bench.app.request(`INVITE ${phone.uri}`, { body: offer, lines: [TIMER] });
  phone.answer(await phone.next(), '200 OK', { lines, body: SDP });
  const told = await bench.app.told();
  await bench.app.request('ACK sip:x', { about: `|${told.dialogId}`, body: ack });
  await phone.next();
  return told;
}

const terms = (text: string): [string, string] => [header(text, 'Session-Expires'), header(text, 'Require')];

/** The call ends by a BYE, and the application is told why. */
async function expectExpired(): Promise<void> {
  const bye = await phone.next();
  expect(method(bye)).toBe('BYE');
  const told = await bench.app.told();
  expect([told.tokens[2], told.txn, method(told.text)]).toEqual(['application', 'unsolicited', 'BYE']);
  expect(header(told.text, 'Reason')).toBe('SIP;cause=200;text="Session timer expired"');
  expect(bench.engine.stats().dialogs).toBe(0);
}

describe('a session that a caller asks to be timed', () => {
  beforeEach(() => start());

  test.each([
    ['1800;refresher=uac', [TIMER], ['1800;refresher=uac', 'timer']],
    ['1800;refresher=uas', [TIMER], ['1800;refresher=uas', '']],
    ['1800', [TIMER], ['1800;refresher=uac', 'timer']],
    ['1800', [], ['1800;refresher=uas', '']],
    ['60', [], ['90;refresher=uas', '']],
  ])('with %s and %j is accepted with %j', async (asked, headers, agreed) => {
    expect(terms(await answered([`Session-Expires: ${asked}`, ...headers]))).toEqual(agreed);
  });

  test('is timed as the application says', async () => {
    const response = await answered(['x: 1800', TIMER], ['Session-Expires: 300']);
    expect(terms(response)).toEqual(['300;refresher=uac', 'timer']);
    expect(response.match(/Session-Expires/g)).toHaveLength(1);
  });

  test('for less than 90 s is refused with 422, and the application is not asked', async () => {
    phone.request({ ...CALL, method: 'INVITE', headers: ['Session-Expires: 60', TIMER] });
    const refusal = await phone.next();
    expect([startLine(refusal), header(refusal, 'Min-SE')]).toEqual(['SIP/2.0 422 Session Interval Too Small', '90']);
    expect(bench.engine.stats().pending).toBe(0);
  });

  test('ends when the caller does not refresh it, a third before its time', async () => {
    await answered(['Session-Expires: 90;refresher=uac', TIMER]);
    bench.clock.advance(59_900);
    expect(phone.waiting).toBe(0);
    bench.clock.advance(200);
    await expectExpired();
  });

  test('lives on with every refresh, as long as that says', async () => {
    const response = await answered(['Session-Expires: 90;refresher=uac', TIMER]);
    bench.clock.advance(45_000);
    const headers = ['Session-Expires: 120;refresher=uac', TIMER];
    phone.request({ ...CALL, method: 'UPDATE', cseq: 2, toTag: toTag(response), headers });
    await bench.app.answer(await bench.app.told(), '200 OK');
    expect(terms(await phone.next())).toEqual(['120;refresher=uac', 'timer']);
    bench.clock.advance(80_000);
    expect(phone.waiting).toBe(0);
    bench.clock.advance(8_100);
    await expectExpired();
  });

  test('is refreshed by us where that is agreed, with UPDATE if the caller takes it; nobody else notices', async () => {
    await answered(['Session-Expires: 90;refresher=uas', TIMER, UPDATES]);
    for (const cseq of [1, 2]) {
      bench.clock.advance(45_100);
      const refresh = await phone.next();
      expect(startLine(refresh)).toBe(`UPDATE ${phone.uri} SIP/2.0`);
      expect([
        ...terms(refresh),
        header(refresh, 'CSeq'),
        header(refresh, 'Min-SE'),
        header(refresh, 'Supported'),
      ]).toEqual(['90;refresher=uac', '', `${cseq} UPDATE`, '90', 'timer']);
      phone.answer(refresh, '200 OK', { lines: ['Session-Expires: 90;refresher=uac'] });
      await bench.app.command('ping');
    }
    expect(bench.engine.stats().dialogs).toBe(1);
  });

  test('is not timed any more when a refresh is accepted without', async () => {
    await answered(['Session-Expires: 90;refresher=uas', TIMER, UPDATES]);
    bench.clock.advance(45_100);
    phone.answer(await phone.next(), '200 OK');
    await bench.app.command('ping');
    bench.clock.advance(3_600_000);
    expect(bench.engine.stats().dialogs).toBe(1);
    expect(phone.waiting).toBe(0);
  });
});

describe('a session that whom we call wants timed', () => {
  // Nothing is repeated while the clock is moved on.
  beforeEach(() => start({ timers: { t1: 60_000, t2: 60_000, t4: 5_000 } }));

  test('is refreshed by us with our last description, acknowledged, and acknowledged again', async () => {
    const { dialogId } = await calls(['Session-Expires: 90;refresher=uac']);
    bench.clock.advance(45_100);
    const refresh = await phone.next();
    expect(startLine(refresh)).toBe(`INVITE ${phone.uri} SIP/2.0`);
    expect([terms(refresh)[0], refresh.slice(refresh.indexOf('\r\n\r\n') + 4)]).toEqual(['90;refresher=uac', SDP]);
    for (let copy = 1; copy <= 2; copy++) {
      phone.answer(refresh, '200 OK', { lines: ['Session-Expires: 90;refresher=uac'], body: SDP });
      const ack = await phone.next();
      expect([method(ack), parseInt(header(ack, 'CSeq'), 10)]).toEqual(['ACK', parseInt(header(refresh, 'CSeq'), 10)]);
    }
    // What the application sends says so too, lest the session be no longer timed; its numbers go on behind ours.
    await bench.app.request('INVITE sip:placeholder', { about: `|${dialogId}`, body: 'v=0\r\nchanged' });
    const change = await phone.next();
    expect([terms(change)[0], header(change, 'Supported')]).toEqual(['90;refresher=uac', 'timer']);
    expect(parseInt(header(change, 'CSeq'), 10)).toBe(parseInt(header(refresh, 'CSeq'), 10) + 1);
  });

  test('is refreshed with the description of the ACK where that made the offer or the answer', async () => {
    await calls(['Session-Expires: 90'], { offer: '', ack: 'v=0\r\nfrom the ACK' });
    bench.clock.advance(45_100);
    expect(await phone.next()).toMatch(/^INVITE .*\r\n\r\nv=0\r\nfrom the ACK$/s);
  });

  test('ends when they who are to refresh do not', async () => {
    await calls(['Session-Expires: 120;refresher=uas', 'Require: timer']);
    bench.clock.advance(88_100);
    await expectExpired();
  });

  test.each(['481 Call/Transaction Does Not Exist', '408 Request Timeout'])(
    'ends at once when the refresh is answered %s',
    async (status) => {
      await calls(['Session-Expires: 90;refresher=uac', UPDATES]);
      bench.clock.advance(45_100);
      phone.answer(await phone.next(), status);
      await expectExpired();
    },
  );

  test('is refreshed later when the refresh meets a change, and ends when nothing comes of it in time', async () => {
    await calls(['Session-Expires: 90;refresher=uac']);
    bench.clock.advance(45_100);
    phone.answer(await phone.next(), '491 Request Pending');
    expect(method(await phone.next())).toBe('ACK');
    bench.clock.advance(2_000);
    expect(phone.waiting).toBe(0);
    bench.clock.advance(2_100);
    const again = await phone.next();
    expect(method(again)).toBe('INVITE');
    phone.answer(again, '503 Service Unavailable');
    expect(method(await phone.next())).toBe('ACK');
    bench.clock.advance(5_100);
    phone.answer(await phone.next(), '503 Service Unavailable');
    expect(method(await phone.next())).toBe('ACK');
    bench.clock.advance(5_100);
    expect(method(await phone.next())).toBe('INVITE');
    bench.clock.advance(1_000);
    await expectExpired();
  });

  test('may be refreshed by them while ours is on its way, whatever becomes of that', async () => {
    const { dialogId, text } = await calls(['Session-Expires: 90;refresher=uac']);
    bench.clock.advance(45_100);
    const refresh = await phone.next();
    const tags = { fromTag: toTag(text), toTag: /tag=(\S+)/.exec(header(text, 'From'))?.[1] ?? '' };
    const headers = ['Session-Expires: 90;refresher=uac', TIMER];
    phone.request({ ...tags, method: 'UPDATE', callId: header(text, 'Call-ID'), headers });
    await bench.app.answer(await bench.app.told(), '200 OK');
    expect(terms(await phone.next())).toEqual(['90;refresher=uac', 'timer']);
    phone.answer(refresh, '491 Request Pending');
    expect(method(await phone.next())).toBe('ACK');
    // Nothing is in the way of what the application wants to change.
    await bench.app.request('INVITE sip:placeholder', { about: `|${dialogId}`, body: SDP });
    expect(method(await phone.next())).toBe('INVITE');
  });

  test('that is not to be timed never ends by itself', async () => {
    await calls([]);
    bench.clock.advance(86_400_000);
    expect(phone.waiting).toBe(0);
    expect(bench.engine.stats().dialogs).toBe(1);
  });
});

test.each([
  [{}, 'uac', ['200;refresher=uac', 'timer']],
  [{ defaultRefresher: 'uas' as const }, 'open', ['200;refresher=uas', '']],
  [{ defaultRefresher: 'none' as const }, 'open', ['', '']],
  [{ compat: 'drachtio' as const }, 'open', ['', '']],
  [{ compat: 'drachtio' as const }, 'uac', ['200;refresher=uac', '']],
  [{ compat: 'drachtio' as const, defaultRefresher: 'uas' as const }, 'open', ['200;refresher=uas', '']],
])('with %j a caller that leaves its session to %s gets %j', async (options, refresher, agreed) => {
  await start(options);
  const asked = refresher === 'open' ? '200' : `200;refresher=${refresher}`;
  expect(terms(await answered([`Session-Expires: ${asked}`, TIMER]))).toEqual(agreed);
});

test('with --compat drachtio a session is refreshed by INVITE, and any refusal but 491 ends it', async () => {
  await start({ compat: 'drachtio' });
  await calls(['Session-Expires: 90;refresher=uac', UPDATES]);
  bench.clock.advance(45_100);
  const refresh = await phone.next();
  expect(method(refresh)).toBe('INVITE');
  phone.answer(refresh, '503 Service Unavailable');
  expect(method(await phone.next())).toBe('ACK');
  await expectExpired();
});
