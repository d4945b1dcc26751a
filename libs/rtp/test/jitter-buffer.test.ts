import { JitterBuffer } from '@callweave/rtp';
import { describe, expect, test } from 'vitest';

/** A frame whose samples all have one value. */
const frame = (value: number, length = 160): Int16Array => new Int16Array(length).fill(value);

/** What is taken in `count` turns: the value of each frame, `-` for none. */
function take(buffer: JitterBuffer, count: number): string {
  return Array.from({ length: count }, () => String(buffer.take(160)?.at(80) ?? '-')).join(' ');
}

function buffer(): JitterBuffer {
  return new JitterBuffer({ delay: 320, capacity: 2_048 });
}

describe('a jitter buffer', () => {
  test('plays what comes in order, after its delay', () => {
    const jitter = buffer();
    for (let i = 0; i < 3; i++) jitter.put(1, i * 160, frame(i + 1));
    expect(take(jitter, 6)).toBe('0 0 1 2 3 -');
  });

  test('puts packets in order, ignores repeats, and is silent where one is missing', () => {
    const jitter = buffer();
    for (const i of [0, 2, 1, 1, 4]) jitter.put(1, i * 160, frame(i + 1));
    expect(take(jitter, 8)).toBe('0 0 1 2 3 0 5 -');
  });

  test('goes on across the wrap of timestamps', () => {
    const jitter = buffer();
    for (let i = 0; i < 4; i++) jitter.put(1, (0xffff_fe00 + i * 160) >>> 0, frame(i + 1));
    expect(take(jitter, 6)).toBe('0 0 1 2 3 4');
  });

  test('takes packets of any length', () => {
    const jitter = buffer();
    for (let i = 0; i < 4; i++) jitter.put(1, i * 80, frame(i + 1, 80));
    jitter.put(1, 320, frame(5, 480));
    expect(take(jitter, 7)).toBe('0 0 2 4 5 5 5');
  });

  test('drops single late packets and starts anew when the whole stream is late', () => {
    const jitter = buffer();
    jitter.put(1, 0, frame(1));
    expect(take(jitter, 6)).toBe('0 0 1 - - -');
    for (let i = 1; i < 4; i++) jitter.put(1, i * 160, frame(i + 1));
    expect(take(jitter, 4)).toBe('0 0 4 -');
  });

  test('never holds more than its capacity, whatever timestamps are claimed', () => {
    const jitter = buffer();
    jitter.put(1, 0, frame(1));
    jitter.put(1, 0x7fff_0000, frame(2));
    jitter.put(1, 0x10, frame(3));
    expect(jitter.buffered).toBeLessThanOrEqual(2_048);
    jitter.put(1, 0, frame(4, 4_000));
    expect(jitter.buffered).toBeLessThanOrEqual(2_048);
  });

  test('follows a new source', () => {
    const jitter = buffer();
    jitter.put(1, 0, frame(1));
    jitter.put(2, 900_000, frame(2));
    expect(take(jitter, 4)).toBe('0 0 2 -');
  });

  test('gives nothing before anything came', () => {
    expect(take(buffer(), 2)).toBe('- -');
  });
});
