import { describe, expect, test } from 'vitest';
import { expBackoff } from '../src/backoff.ts';

describe('back-off', () => {
  test('doubles with each attempt up to its maximum', () => {
    const highest = [0, 1, 2, 3, 4, 5].map((attempt) => expBackoff(attempt, 50, 500, () => 1));
    expect(highest).toEqual([50, 100, 200, 400, 500, 500]);
  });

  test('never waits less than half of its whole', () => {
    expect(expBackoff(2, 50, 500, () => 0)).toBe(100);
  });

  test('stays at its maximum after any number of attempts', () => {
    expect(expBackoff(5_000, 50, 500, () => 1)).toBe(500);
  });
});
