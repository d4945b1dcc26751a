import { expect, test } from 'vitest';
import { parseMessageTrace } from './message-trace.ts';

const log = [
  '----------------------------------------------- 2026-11-21 05:36:17.667093',
  'UDP message sent (503 bytes):',
  '',
  'INVITE sip:bob@127.0.0.1:5060 SIP/2.0\r',
  'CSeq: 2 INVITE\r',
  'Proxy-Authorization: Digest username="alice", response="0123"\r',
  '\r',
  'v=0\r',
  '',
  '----------------------------------------------- 2026-11-21 05:36:18.000500',
  'UDP message received [310] bytes :',
  '',
  'SIP/2.0 407 Proxy Authentication Required\r',
  'CSeq: 2 INVITE\r',
  '\r',
  '',
].join('\n');

test("a phone's log tells what was sent and received, and when to the microsecond", () => {
  const second = Date.parse('2026-11-21T05:36:17Z');
  expect(parseMessageTrace(log)).toEqual([
    {
      atMs: expect.closeTo(second + 667.093, 3) as number,
      direction: 'sent',
      summary: 'INVITE sip:bob@127.0.0.1:5060',
      bytes: 503,
    },
    { atMs: expect.closeTo(second + 1_000.5, 3) as number, direction: 'received', summary: '407 INVITE', bytes: 310 },
  ]);
});

test('credentials and bodies do not leave the log', () => {
  expect(JSON.stringify(parseMessageTrace(log))).not.toMatch(/Digest|v=0/);
});

test('an empty log holds no message', () => {
  expect(parseMessageTrace('')).toEqual([]);
});
