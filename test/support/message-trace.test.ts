import { expect, test } from 'vitest';
import { parseMessageTrace } from './message-trace.ts';

const log = [
  '----------------------------------------------- 2026-11-21 05:36:17.667093',
  'UDP message sent (503 bytes):',
  '',
  'INVITE sip:bob@127.0.0.1:5060 SIP/2.0\r',
  'Via: SIP/2.0/UDP 127.0.0.9:5080;branch=z9hG4bK1\r',
  'Contact: <sip:alice@127.0.0.8:5080>\r',
  'CSeq: 2 INVITE\r',
  'Proxy-Authorization: Digest username="alice", response="0123"\r',
  '\r',
  'v=0\r',
  'c=IN IP4 127.0.0.7\r',
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
      hosts: { via: '127.0.0.9', contact: '127.0.0.8', media: '127.0.0.7' },
    },
    {
      atMs: expect.closeTo(second + 1_000.5, 3) as number,
      direction: 'received',
      summary: '407 INVITE',
      bytes: 310,
      hosts: {},
    },
  ]);
});

test('credentials and bodies do not leave the log', () => {
  expect(JSON.stringify(parseMessageTrace(log))).not.toMatch(/Digest|v=0/);
});

test('an empty log holds no message', () => {
  expect(parseMessageTrace('')).toEqual([]);
});
