import { describe, expect, test } from 'vitest';
import { clockOffset } from '../src/own-lease.ts';

describe('how far our clock is off the server’s', () => {
  test.each([
    ['not at all when the stamp lies within the round trip', 1_000, 1_010, 1_005, 0],
    ['ahead by what the stamp lies before the question', 5_000, 5_010, 3_500, 1_500],
    ['behind by what the stamp lies after the answer', 1_000, 1_010, 3_010, -2_000],
  ])('%s', (_title, before, after, server, offset) => {
    expect(clockOffset(before, after, server)).toBe(offset);
  });
});
