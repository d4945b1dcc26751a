import { FakeClock } from '@callweave/clock/testing';
import { CallId } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { ENDED_KEPT_MS, Leftovers } from '../src/call/leftovers.ts';

const leftover = (n: number): { callId: CallId; strangers: [] } => ({
  callId: CallId.parse(`01HF7YAT00000000000000000${String(n)}`),
  strangers: [],
});

test('what is left of a call is removed after its time, together with what ended within the next second', () => {
  const clock = new FakeClock();
  const removed: string[] = [];
  const leftovers = new Leftovers(clock, ({ callId }) => removed.push(callId.slice(-1)));
  leftovers.add(leftover(1));
  clock.advance(100);
  leftovers.add(leftover(2));
  clock.advance(800);
  leftovers.add(leftover(3));
  clock.advance(ENDED_KEPT_MS - 901);
  expect(removed).toEqual([]);
  clock.advance(1);
  expect(removed).toEqual(['1']);
  clock.advance(999);
  expect(removed).toEqual(['1']);
  clock.advance(1);
  expect(removed).toEqual(['1', '2', '3']);
  expect(clock.pending).toBe(0);
});

test('nothing waits while no call is over', () => {
  const clock = new FakeClock();
  new Leftovers(clock, () => undefined);
  expect(clock.pending).toBe(0);
});
