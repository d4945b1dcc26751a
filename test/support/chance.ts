/** Chance that can be had again: numbers from 0 up to, not including, 1, the same for the same seed (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** One of these. */
  pick<T>(some: readonly T[]): T {
    const picked = some[Math.floor(this.next() * some.length)];
    if (picked === undefined) throw new RangeError('nothing to choose from');
    return picked;
  }
}
