import { sleep } from '@callweave/clock';
import { FakeClock } from '@callweave/clock/testing';
import { describe, expect, test } from 'vitest';

describe('FakeClock', () => {
  test('timers fire in order of time, then of creation, including those scheduled while advancing', () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    clock.after(20, () => seen.push(`b@${String(clock.monotonicMs())}`));
    clock.after(10, () => {
      seen.push(`a@${String(clock.monotonicMs())}`);
      clock.after(10, () => seen.push(`c@${String(clock.monotonicMs())}`));
    });
    clock.advance(20);
    expect(seen).toEqual(['a@10', 'b@20', 'c@20']);
    expect(clock.pending).toBe(0);
  });

  test('a repeating timer fires until it is cancelled', () => {
    const clock = new FakeClock();
    let fired = 0;
    const timer = clock.every(5, () => (fired += 1));
    clock.advance(12);
    timer.cancel();
    clock.advance(100);
    expect(fired).toBe(2);
  });

  test('sleep rejects with the reason of the signal that aborts it and leaves no timer', async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const slept = sleep(clock, 100, abort.signal);
    abort.abort(new Error('stop'));
    await expect(slept).rejects.toThrow('stop');
    expect(clock.pending).toBe(0);
  });
});
