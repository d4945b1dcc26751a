import { rendezvousOrder } from '@callweave/bus';
import { describe, expect, test } from 'vitest';
import { Calendar } from '../src/calendar.ts';

describe('the calendar of expiries', () => {
  test('a key is due once, not before its time, and only at its last place', () => {
    const calendar = new Calendar();
    calendar.due(1_000_000);
    calendar.schedule('a', 1_005_000);
    calendar.schedule('b', 1_003_000);
    calendar.schedule('a', 1_009_000);
    expect(calendar.due(1_002_999)).toEqual([]);
    expect(calendar.due(1_005_000)).toEqual(['b']);
    expect(calendar.due(1_009_000)).toEqual(['a']);
    expect([calendar.due(2_000_000), calendar.size]).toEqual([[], 0]);
  });

  test('what is past already falls due at the next look', () => {
    const calendar = new Calendar();
    calendar.due(1_000_000);
    calendar.schedule('late', 5);
    expect(calendar.due(1_001_000)).toEqual(['late']);
  });

  test('a cancelled key never comes', () => {
    const calendar = new Calendar();
    calendar.schedule('a', 1_000);
    calendar.cancel('a');
    calendar.cancel('unknown');
    expect(calendar.due(10_000)).toEqual([]);
  });
});

describe('rendezvous order', () => {
  const replicas = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb', 'cccccccccccccccc'];

  test('every replica computes the same order, whatever order it knows the others in', () => {
    expect(rendezvousOrder('k', [...replicas].reverse())).toEqual(rendezvousOrder('k', replicas));
  });

  test('the loss of one replica moves only its own keys', () => {
    const keys = Array.from({ length: 300 }, (_, i) => `user-${String(i)}`);
    const firsts = (live: string[]): (string | undefined)[] => keys.map((key) => rendezvousOrder(key, live)[0]);
    const before = firsts(replicas);
    const after = firsts(replicas.slice(1));
    for (const [i, was] of before.entries()) if (was !== replicas[0]) expect(after[i]).toBe(was);
    expect(new Set(before).size).toBe(3);
  });
});
