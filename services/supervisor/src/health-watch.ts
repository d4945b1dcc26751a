import { type Clock, type Timer } from '@callweave/clock';

/** Two questions to a running process; each answers within its own time-out, and never throws. */
export interface Probe {
  /** Whether it reacts at all. */
  isAlive(): Promise<boolean>;
  /** Whether it takes work. */
  isReady(): Promise<boolean>;
}

const READY_EVERY_MS = 100;
const ALIVE_EVERY_MS = 2_000;
const MISSES = 5;
/** Time a process may take until it reacts for the first time. */
const START_MS = 30_000;
/** Misses that are put down to a machine without time; what spins for ever waits for a processor too. */
const MAX_EXCUSED = 30;

export interface HealthWatchDeps {
  readonly clock: Clock;
  /** How long the process, and we who ask, have waited for a processor since it began, ms. */
  readonly waitedMs: () => number;
  readonly ready: () => void;
  readonly frozen: () => void;
}

/**
 * Watches one run of a process: tells once when it is ready, and once when it has stopped reacting. One that waits for
 * a processor is slow, not frozen: to end it would only add its start to what the machine cannot do in time.
 */
export class HealthWatch {
  readonly #probe: Probe;
  readonly #deps: HealthWatchDeps;
  readonly #startedMs: number;
  readonly #timers: Timer[];
  #stopped = false;
  #ready = false;
  #asking = false;
  #reacted = false;
  #misses = 0;
  #excused = 0;

  constructor(probe: Probe, deps: HealthWatchDeps) {
    this.#probe = probe;
    this.#deps = deps;
    this.#startedMs = deps.clock.monotonicMs();
    this.#timers = [
      deps.clock.every(READY_EVERY_MS, () => void this.#askReady()),
      deps.clock.every(ALIVE_EVERY_MS, () => void this.#askAlive()),
    ];
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
  }

  async #askReady(): Promise<void> {
    if (this.#ready || this.#asking) return;
    this.#asking = true;
    const isReady = await this.#probe.isReady();
    this.#asking = false;
    if (!isReady || this.#stopped) return;
    this.#ready = true;
    this.#timers[0]?.cancel();
    this.#deps.ready();
  }

  async #askAlive(): Promise<void> {
    const { clock, waitedMs } = this.#deps;
    const askedMs = clock.monotonicMs();
    const hadWaitedMs = waitedMs();
    const isAlive = await this.#probe.isAlive();
    if (this.#stopped) return;
    if (isAlive) {
      this.#reacted = true;
      this.#misses = 0;
      this.#excused = 0;
      return;
    }
    const nowMs = clock.monotonicMs();
    if (!this.#reacted && nowMs - this.#startedMs < START_MS) return;
    if (waitedMs() - hadWaitedMs > (nowMs - askedMs) / 2 && this.#excused < MAX_EXCUSED) {
      this.#excused += 1;
      return;
    }
    this.#misses += 1;
    if (this.#misses < MISSES) return;
    this.stop();
    this.#deps.frozen();
  }
}
