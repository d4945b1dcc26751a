/** One page of a long list, and the way through it. */
export class Pages<P extends { readonly next?: string | undefined }> {
  readonly #fetch: (after: string | undefined) => Promise<P>;
  readonly #changed: () => void;
  /** Where each page before this one began. */
  #trail: (string | undefined)[] = [];
  #after: string | undefined;
  #page: P | undefined;
  #serial = 0;

  constructor(fetch: (after: string | undefined) => Promise<P>, changed: () => void) {
    this.#fetch = fetch;
    this.#changed = changed;
  }

  get page(): P | undefined {
    return this.#page;
  }

  get isFirst(): boolean {
    return this.#trail.length === 0;
  }

  get isLast(): boolean {
    return this.#page?.next === undefined;
  }

  /** Number of this page, from 1. */
  get number(): number {
    return this.#trail.length + 1;
  }

  /** Changes what is shown, as events tell. */
  patch(change: (page: P) => P): void {
    if (this.#page === undefined) return;
    this.#page = change(this.#page);
    this.#changed();
  }

  /** Asks for this page again; of two answers under way the later question counts. */
  async reload(): Promise<void> {
    const serial = ++this.#serial;
    const page = await this.#fetch(this.#after);
    if (serial !== this.#serial) return;
    this.#page = page;
    this.#changed();
  }

  async forward(): Promise<void> {
    if (this.#page?.next === undefined) return;
    this.#trail.push(this.#after);
    this.#after = this.#page.next;
    await this.reload();
  }

  async back(): Promise<void> {
    if (this.isFirst) return;
    this.#after = this.#trail.pop();
    await this.reload();
  }

  /** To the first page, of another tenant perhaps. */
  async restart(): Promise<void> {
    this.#trail = [];
    this.#after = undefined;
    this.#page = undefined;
    await this.reload();
  }
}

/** Calls `action` at most once in `everyMs`: at once, or when its turn comes. */
export function throttle(everyMs: number, action: () => void): () => void {
  let last = -Infinity;
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(
      () => {
        waiting = false;
        last = performance.now();
        action();
      },
      Math.max(0, last + everyMs - performance.now()),
    );
  };
}
