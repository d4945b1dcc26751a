/** Which keys fall due in which second; moving a key costs the same however many there are. */
export class Calendar {
  readonly #secondOf = new Map<string, number>();
  readonly #keysOf = new Map<number, Set<string>>();
  #swept = 0;

  get size(): number {
    return this.#secondOf.size;
  }

  /** Puts `key` at `atMs`, wherever it was before. */
  schedule(key: string, atMs: number): void {
    this.cancel(key);
    const second = Math.max(Math.ceil(atMs / 1000), this.#swept + 1);
    this.#secondOf.set(key, second);
    const keys = this.#keysOf.get(second);
    if (keys === undefined) this.#keysOf.set(second, new Set([key]));
    else keys.add(key);
  }

  cancel(key: string): void {
    const second = this.#secondOf.get(key);
    if (second === undefined) return;
    this.#secondOf.delete(key);
    const keys = this.#keysOf.get(second);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(second);
  }

  /** Takes out every key that is due at `nowMs`. */
  due(nowMs: number): string[] {
    const second = Math.floor(nowMs / 1000);
    if (second <= this.#swept) return [];
    const found: string[] = [];
    // After a long pause (or at the start) the seconds that hold keys are fewer than those that passed.
    const span = second - this.#swept;
    const seconds = span > this.#keysOf.size ? [...this.#keysOf.keys()].filter((s) => s <= second) : undefined;
    if (seconds === undefined) for (let s = this.#swept + 1; s <= second; s++) this.#take(s, found);
    else for (const s of seconds.sort((a, b) => a - b)) this.#take(s, found);
    this.#swept = second;
    return found;
  }

  #take(second: number, found: string[]): void {
    for (const key of this.#keysOf.get(second) ?? []) {
      found.push(key);
      this.#secondOf.delete(key);
    }
    this.#keysOf.delete(second);
  }
}
