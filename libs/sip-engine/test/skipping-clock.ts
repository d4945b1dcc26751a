import { type Clock, systemClock, type Timer } from '@callweave/clock';

/** The operating system's clock, which a test can put forward. */
export class SkippingClock implements Clock {
  #skippedMs = 0;

  epochMs(): number {
    return systemClock.epochMs() + this.#skippedMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#skippedMs;
  }

  after(delayMs: number, action: () => void): Timer {
    return systemClock.after(delayMs, action);
  }

  every(intervalMs: number, action: () => void): Timer {
    return systemClock.every(intervalMs, action);
  }

  /** Timers that wait on the wheel, and are due by then, fire at its next tick. */
  skip(ms: number): void {
    this.#skippedMs += ms;
  }
}
