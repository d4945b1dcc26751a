import type { Clock, Timer } from './index.ts';

interface Entry {
  at: number;
  readonly order: number;
  readonly everyMs: number | undefined;
  readonly action: () => void;
  live: boolean;
}

/** A clock that moves only when told to; timers fire in order of their time, then of their creation. */
export class FakeClock implements Clock {
  readonly #startEpochMs: number;
  #nowMs = 0;
  #order = 0;
  #entries: Entry[] = [];

  constructor(startEpochMs = 1_700_000_000_000) {
    this.#startEpochMs = startEpochMs;
  }

  epochMs(): number {
    return this.#startEpochMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#add(delayMs, undefined, action);
  }

  every(intervalMs: number, action: () => void): Timer {
    return this.#add(intervalMs, intervalMs, action);
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#entries.length;
  }

  /** Moves time on by `ms`, firing everything that falls due, including what those actions schedule. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (let entry = this.#next(end); entry !== undefined; entry = this.#next(end)) {
      this.#nowMs = Math.max(this.#nowMs, entry.at);
      if (entry.everyMs === undefined) this.#drop(entry);
      else entry.at += entry.everyMs;
      entry.action();
    }
    this.#nowMs = end;
  }

  #add(delayMs: number, everyMs: number | undefined, action: () => void): Timer {
    const entry: Entry = { at: this.#nowMs + delayMs, order: this.#order++, everyMs, action, live: true };
    this.#entries.push(entry);
    return { cancel: () => this.#drop(entry) };
  }

  #drop(entry: Entry): void {
    if (!entry.live) return;
    entry.live = false;
    this.#entries = this.#entries.filter((other) => other !== entry);
  }

  #next(end: number): Entry | undefined {
    return this.#entries.filter((e) => e.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
  }
}
