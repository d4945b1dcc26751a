import { type Clock } from '@callweave/clock';

/** How long what need not leave at once waits for more of its kind. */
const GATHER_MS = 20;

/**
 * When what nobody waits for leaves this process: at once after a pause, else together with all that came within
 * `GATHER_MS`. Each message that comes alone wakes the server, whoever it is for, and us again for its answer.
 */
export class Departures {
  readonly #clock: Clock;
  #lastAtMs = -Infinity;
  /** Whoever comes in the turn of a departure leaves with it. */
  #isLeaving = false;
  #next: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the next one leaves; undefined: now. */
  next(): Promise<void> | undefined {
    if (this.#isLeaving) return undefined;
    const waitMs = this.#lastAtMs + GATHER_MS - this.#clock.monotonicMs();
    if (waitMs > 0) return (this.#next ??= this.#after(waitMs));
    this.#leave();
    return undefined;
  }

  #after(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(waitMs, () => {
        this.#next = undefined;
        this.#leave();
        resolve();
      });
    });
  }

  #leave(): void {
    this.#lastAtMs = this.#clock.monotonicMs();
    this.#isLeaving = true;
    setImmediate(() => (this.#isLeaving = false));
  }
}
