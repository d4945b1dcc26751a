import { expect, test } from 'vitest';
import { backOffMs } from '../src/back-off.ts';

test('a process that keeps dying is started after 200 ms, then twice as late each time, up to 10 s', () => {
  const waits = Array.from({ length: 9 }, (_, index) => backOffMs(index + 1));
  expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
  expect(backOffMs(1_000_000)).toBe(10_000);
});
