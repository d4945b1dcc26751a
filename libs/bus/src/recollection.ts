/** What was last written of one record. */
export interface Recalled<V> {
  /** Absent when nothing but its removal is to follow. */
  readonly value?: V;
  readonly revision: number;
}

/** Records of some buckets are kept long by whoever writes them; beyond so many the oldest are read again. */
const MAX_RECORDS = 100_000;

/**
 * What this process wrote last, by key, so that it need not read what it is about to change. It may be wrong at any time,
 * since others write too: whoever relies on it writes by compare-and-set, and reads when that fails.
 */
export class Recollection<V> {
  readonly #records = new Map<string, Recalled<V>>();
  readonly #max: number;

  constructor(max = MAX_RECORDS) {
    this.#max = max;
  }

  get(key: string): Recalled<V> | undefined {
    return this.#records.get(key);
  }

  set(key: string, recalled: Recalled<V>): void {
    if (this.#records.size >= this.#max && !this.#records.has(key)) {
      const [oldest] = this.#records.keys();
      if (oldest !== undefined) this.#records.delete(oldest);
    }
    this.#records.set(key, recalled);
  }

  delete(key: string): void {
    this.#records.delete(key);
  }
}
