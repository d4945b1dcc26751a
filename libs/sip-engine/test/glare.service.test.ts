import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Bench, type BenchPhone, header, openBench, startLine, type Told, toTag } from './bench.ts';

let bench: Bench;
let phone: BenchPhone;
let dialogId: string;
let ours: string;

const SDP = 'v=0\r\n';
const CALL = { callId: 'glare', fromTag: 'theirs' };

async function start(options: Parameters<typeof openBench>[1] = {}): Promise<void> {
  bench = await openBench(['invite', 'bye', 'update', 'info'], options);
  phone = await bench.phone();
  phone.request({ ...CALL, method: 'INVITE', body: SDP });
  await phone.next();
  const invite = await bench.app.told();
  dialogId = (await bench.app.answer(invite, '200 OK', [], SDP)).tokens[11] ?? '';
  ours = toTag(await phone.next());
  phone.request({ ...CALL, method: 'ACK', toTag: ours });
  await bench.app.told();
}

afterEach(() => bench.close());

/** A request of the phone in the call. */
function asks(method: string, cseq: number, body = SDP): void {
  phone.request({ ...CALL, method, cseq, toTag: ours, body });
}

/** A request of the application in the call. */
function sends(method: string, body = SDP): Promise<Told> {
  return bench.app.request(`${method} sip:placeholder`, { about: `|${dialogId}`, body });
}

/** The next message to the phone but for 100. */
async function final(): Promise<string> {
  for (;;) {
    const text = await phone.next();
    if (!text.startsWith('SIP/2.0 100')) return text;
  }
}

describe('in a call', () => {
  beforeEach(() => start());

  test.each([
    ['INVITE', 'INVITE'],
    ['INVITE', 'UPDATE'],
    ['UPDATE', 'INVITE'],
    ['UPDATE', 'UPDATE'],
  ])(
    'an offer by %s of the peer that crosses an %s of ours is refused with 491, and ours goes on',
    async (theirs, our) => {
      const { txn } = await sends(our);
      const change = await phone.next();
      asks(theirs, 2);
      expect(startLine(await final())).toBe('SIP/2.0 491 Request Pending');
      if (theirs === 'INVITE') asks('ACK', 2, '');
      phone.answer(change, '200 OK', { body: SDP });
      const told = await bench.app.told();
      expect([told.txn, told.line]).toEqual([txn, 'SIP/2.0 200 OK']);
      asks(theirs, 3);
      expect((await bench.app.told()).line).toMatch(new RegExp(`^${theirs} `));
    },
  );

  test.each([
    ['INVITE', 'INVITE'],
    ['INVITE', 'UPDATE'],
    ['UPDATE', 'UPDATE'],
  ])('after an unanswered %s of the peer its %s is to come later', async (first, second) => {
    asks(first, 2);
    const open = await bench.app.told();
    if (first === 'INVITE') await phone.next();
    asks(second, 3);
    const refusal = await final();
    expect(startLine(refusal)).toBe('SIP/2.0 500 Server Internal Error');
    expect(Number(header(refusal, 'Retry-After'))).toBeLessThanOrEqual(10);
    await bench.app.answer(open, '200 OK', [], SDP);
    expect(startLine(await final())).toBe('SIP/2.0 200 OK');
  });

  test.each([['INVITE'], ['UPDATE']])(
    'an %s of ours is not sent while the peer waits for an answer, but answered 491',
    async (method) => {
      asks('UPDATE', 2);
      const open = await bench.app.told();
      const { txn } = await sends(method);
      const told = await bench.app.told();
      expect([told.txn, told.dialogId, told.line]).toEqual([txn, dialogId, 'SIP/2.0 491 Request Pending']);
      await bench.app.answer(open, '200 OK', [], SDP);
      expect(startLine(await phone.next())).toBe('SIP/2.0 200 OK');
      await sends(method);
      // The number of what was not sent is not used up.
      expect(header(await phone.next(), 'CSeq')).toBe(`1 ${method}`);
    },
  );

  test('what changes nothing meets nothing: UPDATE without an offer, INFO, BYE', async () => {
    await sends('INVITE');
    await phone.next();
    for (const [at, method] of ['UPDATE', 'INFO', 'BYE'].entries()) {
      asks(method, 2 + at, '');
      await bench.app.answer(await bench.app.told(), '200 OK');
      expect(startLine(await phone.next())).toBe('SIP/2.0 200 OK');
    }
  });

  test('a change that was refused leaves the peer where it was, one that was accepted moves it', async () => {
    const other = await bench.phone();
    for (const [cseq, status, target] of [
      [2, '488 Not Acceptable Here', phone],
      [3, '200 OK', other],
    ] as const) {
      const moved = { headers: [`Contact: <${other.uri}>`] };
      phone.send(
        [
          `UPDATE sip:x@127.0.0.1 SIP/2.0`,
          `Via: SIP/2.0/UDP 127.0.0.1:${phone.port};branch=z9hG4bKmove${cseq}`,
          'Max-Forwards: 70',
          `From: "Alice" <sip:alice@example.com>;tag=${CALL.fromTag}`,
          `To: <sip:bob@example.com>;tag=${ours}`,
          `Call-ID: ${CALL.callId}`,
          `CSeq: ${cseq} UPDATE`,
          ...moved.headers,
          'Content-Length: 0',
          '\r\n',
        ].join('\r\n'),
      );
      await bench.app.answer(await bench.app.told(), status);
      await phone.next();
      await sends('INFO', '');
      expect(startLine(await target.next())).toBe(`INFO ${target.uri} SIP/2.0`);
    }
  });
});

test('with --compat drachtio offers that meet are the application’s business', async () => {
  await start({ compat: 'drachtio' });
  await sends('INVITE');
  await phone.next();
  asks('INVITE', 2);
  expect((await bench.app.told()).line).toMatch(/^INVITE /);
});
