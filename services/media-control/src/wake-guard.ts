import { type Clock, type Timer } from '@callweave/clock';

const TICK_MS = 100;
/** A process that stood still this long may have been given up by who asked it: an edge waits 300 ms, then asks another. */
const STALL_MS = 200;
/** Questions that came while a process stood still are all read within this time after it goes on. */
const BACKLOG_MS = 500;

/** Knows when this process stood still (stopped, starved, collecting garbage) and may be reading old questions. */
export class WakeGuard {
  readonly #clock: Clock;
  readonly #timer: Timer;
  #tickAtMs: number;
  #wokeAtMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tickAtMs = clock.monotonicMs();
    this.#timer = clock.every(TICK_MS, () => this.#note());
  }

  /** Whether a question that is read now may be one that its asker no longer waits for. */
  get hasJustWoken(): boolean {
    this.#note();
    return this.#wokeAtMs !== undefined && this.#clock.monotonicMs() - this.#wokeAtMs < BACKLOG_MS;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #note(): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#tickAtMs > TICK_MS + STALL_MS) this.#wokeAtMs = now;
    this.#tickAtMs = now;
  }
}
