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

/** Watches one run of a process: tells once when it is ready, and once when it has stopped reacting. */
export class HealthWatch {
  readonly #probe: Probe;
  readonly #deps: { readonly clock: Clock; readonly ready: () => void; readonly frozen: () => void };
  readonly #startedMs: number;
  readonly #timers: Timer[];
  #stopped = false;
  #ready = false;
  #asking = false;
  #reacted = false;
  #misses = 0;

  constructor(probe: Probe, deps: { clock: Clock; ready: () => void; frozen: () => void }) {
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
    const isAlive = await this.#probe.isAlive();
    if (this.#stopped) return;
    if (isAlive) {
      this.#reacted = true;
      this.#misses = 0;
      return;
    }
    if (!this.#reacted && this.#deps.clock.monotonicMs() - this.#startedMs < START_MS) return;
    this.#misses += 1;
    if (this.#misses < MISSES) return;
    this.stop();
    this.#deps.frozen();
  }
}
