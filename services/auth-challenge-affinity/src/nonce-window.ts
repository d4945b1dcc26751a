/** What a use of a nonce count is. */
export type NonceUse =
  /** Never used before. */
  | 'fresh'
  /** The very same request again, within the time a transaction repeats itself. */
  | 'repeat'
  /** Used before by something else. */
  | 'replay';

interface Used {
  /** Highest nonce count so far. */
  top: number;
  /** Bit i: `top - i` has been used. */
  seen: number;
  /** Recent uses by nonce count, to know a repeat. */
  readonly recent: Map<number, { fingerprint: string; atMs: number }>;
  readonly expiresAtMs: number;
}

/** Counts may arrive out of order by this much: several requests of one phone overtake each other. */
const WINDOW = 32;
/** 64·T1, as long as a request may be retransmitted (RFC 3261 §17.1.2.2). */
const REPEAT_MS = 32_000;

/** Which counts of which nonces were used. Memory is bounded: at `capacity` the oldest nonce is forgotten. */
export class NonceWindow {
  readonly #used = new Map<string, Used>();
  readonly #capacity: number;
  /** Nonces that expire no later than this may have been used and forgotten. */
  #forgottenUntilMs = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#used.size;
  }

  /** Marks `count` of `nonce` as used. What may have been forgotten counts as a replay. */
  use(nonce: string, count: number, fingerprint: string, nowMs: number, expiresAtMs: number): NonceUse {
    if (expiresAtMs <= this.#forgottenUntilMs && !this.#used.has(nonce)) return 'replay';
    const used = this.#used.get(nonce) ?? this.#add(nonce, expiresAtMs, nowMs);
    const before = used.recent.get(count);
    if (before?.fingerprint === fingerprint && nowMs - before.atMs <= REPEAT_MS) return 'repeat';
    if (!advance(used, count)) return 'replay';
    used.recent.set(count, { fingerprint, atMs: nowMs });
    if (used.recent.size > WINDOW) used.recent.delete(Math.min(...used.recent.keys()));
    return 'fresh';
  }

  #add(nonce: string, expiresAtMs: number, nowMs: number): Used {
    this.#forget(nowMs);
    const used: Used = { top: 0, seen: 0, recent: new Map(), expiresAtMs };
    this.#used.set(nonce, used);
    return used;
  }

  /** Nonces are added in order of their first use, so the first ones are the oldest. */
  #forget(nowMs: number): void {
    for (const [nonce, { expiresAtMs }] of this.#used) {
      if (expiresAtMs > nowMs && this.#used.size < this.#capacity) return;
      this.#used.delete(nonce);
      if (expiresAtMs > nowMs) this.#forgottenUntilMs = Math.max(this.#forgottenUntilMs, expiresAtMs);
    }
  }
}

/** Marks `count`; false when it was marked already or is below the window. */
function advance(used: Used, count: number): boolean {
  if (count > used.top) {
    const shift = count - used.top;
    used.seen = shift >= WINDOW ? 1 : ((used.seen << shift) | 1) >>> 0;
    used.top = count;
    return true;
  }
  const back = used.top - count;
  if (back >= WINDOW) return false;
  const bit = (1 << back) >>> 0;
  if ((used.seen & bit) !== 0) return false;
  used.seen = (used.seen | bit) >>> 0;
  return true;
}
