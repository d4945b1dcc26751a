import { type Clock } from '@callweave/clock';

/** A value and how long it may be kept. */
export interface Perishable<T> {
  readonly value: T;
  readonly ttlSec: number;
}

/** A server that says its records never change would keep us from noticing that they did. */
const MAX_TTL_SEC = 3_600;

/** What could not be learnt is not asked for again before. RFC 9520. */
const FAILURE_SEC = 5;

/** How long something old is better than nothing, when nobody can be asked. RFC 8767 §5. */
const STALE_SEC = 86_400;

/** Strangers choose names: at 300 bytes an entry this is 3 MB. */
const MAX_ENTRIES = 10_000;

interface Entry<T> {
  readonly value: T | undefined;
  readonly error: Error | undefined;
  readonly freshUntilMs: number;
  readonly goodUntilMs: number;
}

/** Keeps what was learnt for as long as it may be kept, and longer when it can no longer be learnt. */
export class TtlCache<T> {
  readonly #clock: Clock;
  /** The one used longest ago first. */
  readonly #entries = new Map<string, Entry<T>>();
  readonly #pending = new Map<string, Promise<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is known by that key, or what `learn` says; whoever wants the same at the same time waits for one answer. */
  get(key: string, learn: () => Promise<Perishable<T>>): Promise<T> {
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#clock.monotonicMs() < entry.freshUntilMs) {
      this.#keep(key, entry);
      return outcomeOf(entry);
    }
    const waiting = this.#pending.get(key);
    if (waiting !== undefined) return waiting;
    const learning = this.#learn(key, learn).finally(() => this.#pending.delete(key));
    this.#pending.set(key, learning);
    return learning;
  }

  async #learn(key: string, learn: () => Promise<Perishable<T>>): Promise<T> {
    try {
      const { value, ttlSec } = await learn();
      const freshUntilMs = this.#inSec(Math.min(ttlSec, MAX_TTL_SEC));
      this.#keep(key, { value, error: undefined, freshUntilMs, goodUntilMs: freshUntilMs + STALE_SEC * 1_000 });
      return value;
    } catch (error) {
      const freshUntilMs = this.#inSec(FAILURE_SEC);
      const old = this.#entries.get(key);
      const isGood = old?.error === undefined && old !== undefined && this.#clock.monotonicMs() < old.goodUntilMs;
      const failure = error instanceof Error ? error : new Error(String(error));
      const entry = isGood
        ? { ...old, freshUntilMs }
        : { value: undefined, error: failure, freshUntilMs, goodUntilMs: 0 };
      this.#keep(key, entry);
      return outcomeOf(entry);
    }
  }

  #inSec(sec: number): number {
    return this.#clock.monotonicMs() + sec * 1_000;
  }

  #keep(key: string, entry: Entry<T>): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= MAX_ENTRIES) return;
    const [oldest = ''] = this.#entries.keys();
    this.#entries.delete(oldest);
  }
}

function outcomeOf<T>({ value, error }: Entry<T>): Promise<T> {
  return error === undefined ? Promise.resolve(value as T) : Promise.reject(error);
}
