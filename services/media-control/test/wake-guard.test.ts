import { FakeClock } from '@callweave/clock/testing';
import { describe, expect, test } from 'vitest';
import { WakeGuard } from '../src/wake-guard.ts';

/** A clock that can also move on without any timer firing, as for a process that stands still. */
class StallingClock extends FakeClock {
  #stalledMs = 0;

  stall(ms: number): void {
    this.#stalledMs += ms;
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#stalledMs;
  }
}

describe('a process that stood still', () => {
  test('knows it from the first question it reads, and for as long as old ones may come', () => {
    const clock = new StallingClock();
    const guard = new WakeGuard(clock);
    clock.advance(10_000);
    expect(guard.hasJustWoken).toBe(false);
    clock.stall(3_000);
    expect(guard.hasJustWoken).toBe(true);
    clock.advance(499);
    expect(guard.hasJustWoken).toBe(true);
    clock.advance(1);
    expect(guard.hasJustWoken).toBe(false);
  });

  test('knows it when its timers run before it reads', () => {
    const clock = new StallingClock();
    const guard = new WakeGuard(clock);
    clock.stall(400);
    clock.advance(100);
    expect(guard.hasJustWoken).toBe(true);
  });

  test('does not take a busy moment for it', () => {
    const clock = new StallingClock();
    const guard = new WakeGuard(clock);
    clock.stall(200);
    clock.advance(100);
    expect(guard.hasJustWoken).toBe(false);
    guard.stop();
    expect(clock.pending).toBe(0);
  });
});
