import { expect, test } from 'vitest';
import { isSameLine, readLadder, writeMessage } from './ladder-text.ts';
import { type RawMessage } from './message-trace.ts';
import { ladderOf } from './phone-ladder.ts';

const shown = { sent: new Set<string>(), received: new Set(['reason']) };
const names = new Map([
  ['bob-17x0', '{bob}'],
  ['bob-1', '{alice}'],
]);

function raw(direction: 'sent' | 'received', ...lines: string[]): RawMessage {
  return { atMs: 1, direction, bytes: 0, text: lines.join('\n') };
}

function ladder(...messages: RawMessage[]): string[] {
  return ladderOf(messages, { shown, names }).map((message) => writeMessage(message));
}

const invite = ['INVITE sip:bob@h SIP/2.0', 'CSeq: 1 INVITE', 'Reason: not shown', 'Content-Type: application/sdp', ''];
const again = raw('sent', ...invite.map((line) => line.replace('1 INVITE', '2 INVITE')), 'v=0', 'a=sendonly');

test('a phone is told by its own log: what was repeated or challenged is one line, 100 and REGISTER are none', () => {
  const ringing = raw('received', 'SIP/2.0 180 Ringing', 'CSeq: 2 INVITE', '');
  expect(
    ladder(
      raw('sent', 'REGISTER sip:h SIP/2.0', 'CSeq: 1 REGISTER', ''),
      raw('received', 'SIP/2.0 200 OK', 'CSeq: 1 REGISTER', ''),
      raw('sent', ...invite, 'v=0'),
      raw('received', 'SIP/2.0 100 Trying', 'CSeq: 1 INVITE', ''),
      raw('received', 'SIP/2.0 407 No', 'CSeq: 1 INVITE', ''),
      raw('sent', 'ACK sip:bob@h SIP/2.0', 'CSeq: 1 ACK', ''),
      again,
      again,
      ...[ringing, ringing],
      raw('received', 'SIP/2.0 181 Elsewhere', 'CSeq: 2 INVITE', ''),
      ringing,
      raw('received', 'SIP/2.0 486 Busy', 'CSeq: 2 INVITE', 'Reason: <sip:bob-17x0@h>;tag=1', ''),
    ),
  ).toEqual([
    '→ INVITE sendonly challenged',
    '← 180 INVITE',
    '← 181 INVITE',
    '← 180 INVITE',
    '← 486 INVITE | Reason: <sip:{bob}@h>',
  ]);
});

test('a body that is no session is shown by its first line, a codec unless it is the usual one', () => {
  const session = ['Content-Type: application/sdp', '', 'm=audio 1 RTP/AVP 8'];
  expect(
    ladder(
      raw('sent', 'INFO sip:h SIP/2.0', 'CSeq: 1 INFO', 'Content-Type: text/plain', '', 'Signal=5', 'Duration=160'),
      raw('sent', 'UPDATE sip:h SIP/2.0', 'CSeq: 2 UPDATE', ...session),
    ),
  ).toEqual(['→ INFO "Signal=5"', '→ UPDATE sendrecv PCMA']);
});

test('a ladder is read as it is written', () => {
  const text = `
    → INVITE sendrecv challenged | Privacy: id | Subject: a
    ← 200 INVITE "some body"
    · 300 ms`;
  const [invited, answered, pause] = readLadder(text);
  expect(invited).toEqual({
    direction: 'sent',
    method: 'INVITE',
    words: ['sendrecv', 'challenged'],
    headers: [
      ['Privacy', 'id'],
      ['Subject', 'a'],
    ],
  });
  expect(answered).toMatchObject({ direction: 'received', status: 200, method: 'INVITE', words: ['"some body"'] });
  expect(pause).toEqual({ pauseMs: 300 });
  expect(() => readLadder('INVITE')).toThrow(SyntaxError);
});

test.each([
  ['← BYE | Reason: *;cause=16', '← BYE | Reason: Q.850;cause=16', true],
  ['← BYE | Reason: *;cause=16', '← BYE | Reason: Q.850;cause=17', false],
  ['← BYE', '← BYE sendrecv', false],
])('%s stands for %s: %s', (expected, line, isSame) => {
  expect(isSameLine(expected, line)).toBe(isSame);
});
