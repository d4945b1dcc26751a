import { expect, test } from 'vitest';
import { illegalIn, laddersOfCalls } from './legal.ts';

/** First line of a message, and its CSeq. */
type Noted = readonly [direction: 'sent' | 'received', startLine: string, cseq: string];

/** A log of one phone. */
function log(...messages: readonly Noted[]): string {
  return messages
    .map(([direction, startLine, cseq], second) =>
      [
        `${'-'.repeat(47)} 2026-11-21 05:36:${String(10 + second)}.000000`,
        direction === 'sent' ? 'UDP message sent (9 bytes):' : 'UDP message received [9] bytes :',
        '',
        ...[startLine, 'Call-ID: a', `CSeq: ${cseq}`, '', ''],
      ].join('\n'),
    )
    .join('\n');
}

function judged(...messages: readonly Noted[]): string[] {
  return laddersOfCalls(log(...messages)).flatMap((ladder) => illegalIn(ladder));
}

test('a whole call is in order', () => {
  const calls = log(
    ['sent', 'INVITE sip:b SIP/2.0', '1 INVITE'],
    ['received', 'SIP/2.0 200 OK', '1 INVITE'],
    ['sent', 'ACK sip:b SIP/2.0', '1 ACK'],
    ['received', 'BYE sip:a SIP/2.0', '7 BYE'],
    ['sent', 'SIP/2.0 200 OK', '7 BYE'],
  );
  expect(laddersOfCalls(calls).map((call) => illegalIn(call))).toEqual([[]]);
});

test('what the other side leaves out, says twice or says unasked is found', () => {
  expect(judged(['sent', 'CANCEL sip:b SIP/2.0', '1 CANCEL'], ['received', 'SIP/2.0 200 OK', '3 BYE'])).toEqual([
    '200 BYE answers nothing',
    'CANCEL is answered with: ',
  ]);
  expect(
    judged(
      ['sent', 'INVITE sip:b SIP/2.0', '1 INVITE'],
      ['received', 'SIP/2.0 200 OK', '1 INVITE'],
      ['received', 'SIP/2.0 487 Request Terminated', '1 INVITE'],
    ),
  ).toEqual(['INVITE is answered with: 200, 487', 'nobody has hung up']);
  expect(judged(['received', 'INVITE sip:a SIP/2.0', '1 INVITE'], ['sent', 'SIP/2.0 486 Busy', '1 INVITE'])).toEqual([
    '486 to INVITE is acknowledged 0 times',
  ]);
});
