import { expect, test } from 'vitest';
import { drawLadder } from './ladder.ts';

test('a ladder shows every step in the order of time, between those who speak', () => {
  const lines = drawLadder([
    { atMs: 1_012.34, from: 'auth', to: 'edge', label: 'verified' },
    { atMs: 1_000, from: 'alice', to: 'edge', label: 'INVITE sip:bob@127.0.0.1:5060' },
    { atMs: 1_010, from: 'edge', to: 'auth', label: 'auth.verify' },
    { atMs: 1_020, from: 'edge', label: 'call.initiated #1' },
  ]);

  expect(lines).toEqual([
    '            alice                     edge                  auth        registrar   routing     media     bob',
    '    0.0 ms  │─ INVITE sip:bob@127.… ─▶│                     │           │           │           │         │',
    '   10.0 ms  │                         │──── auth.verify ───▶│           │           │           │         │',
    '   12.3 ms  │                         │◀───── verified ─────│           │           │           │         │',
    '   20.0 ms  │                         ●·· call.initiated #1 │           │           │           │         │',
  ]);
});

test('an arrow crosses the columns of those it does not concern', () => {
  const [, line] = drawLadder([{ atMs: 0, from: 'bob', to: 'edge', label: '200 INVITE' }]);
  expect(line).toBe(
    '    0.0 ms  │                         │◀─────────────────────────── 200 INVITE ───────────────────────────│',
  );
});

test('a ladder of nothing is its head', () => {
  expect(drawLadder([])).toHaveLength(1);
});
