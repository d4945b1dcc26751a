import { describe, expect, test } from 'vitest';
import { findOverlap, pickRange, rangeOf } from '../src/rtp-ranges.ts';

const running = rangeOf(7, [
  '/usr/bin/rtpengine',
  '--interface=127.0.0.1',
  '--listen-ng=127.0.0.1:2223',
  '--port-min=30000',
  '--port-max',
  '30999',
]);

describe('ports for media', () => {
  test('of an rtpengine that runs are read from its command line', () => {
    expect(running).toEqual({ pid: 7, host: '127.0.0.1', min: 30_000, max: 30_999 });
    expect(rangeOf(8, ['rtpengine', '-i', '10.0.0.1'])).toEqual({ pid: 8, host: '10.0.0.1', min: 30_000, max: 40_000 });
    expect(rangeOf(9, ['vim', 'rtpengine'])).toBeUndefined();
  });

  test('may not be shared with another rtpengine on the same address', () => {
    const used = running === undefined ? [] : [running];
    expect(findOverlap('127.0.0.1', { min: 30_999, max: 31_500 }, used)).toBe(running);
    expect(findOverlap('127.0.0.1', { min: 29_000, max: 40_000 }, used)).toBe(running);
    expect(findOverlap('127.0.0.1', { min: 31_000, max: 31_999 }, used)).toBeUndefined();
    expect(findOverlap('127.0.0.2', { min: 30_000, max: 30_999 }, used)).toBeUndefined();
  });

  test('a free range lies beside those in use; none is found when all are', () => {
    const half = { pid: 1, host: '127.0.0.1', min: 33_000, max: 46_000 };
    const range = pickRange('127.0.0.1', [half]);
    expect(range?.min).toBeGreaterThan(46_000);
    expect((range?.max ?? 0) - (range?.min ?? 0)).toBe(999);
    expect(pickRange('127.0.0.1', [{ ...half, max: 65_535 }])).toBeUndefined();
  });
});
