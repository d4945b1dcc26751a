/** How messages waited in one interval. */
export interface LoadSample {
  /** What the quickest message waited before anybody looked at it; the age of one that still waits. */
  readonly delayMs: number;
  /** New requests that came in the interval, those refused included. */
  readonly offered: number;
}

export interface ControllerOptions {
  /** Longer waits than this, without a quick message in between, are overload. */
  readonly targetMs: number;
}

/** Samples looked at together: a queue that was short in any of them is a burst, and no standing one. */
const WINDOW = 4;

/** So many slow windows in a row begin it: a machine that stalls for a moment is not overloaded. */
const BEGIN = 3;

/** A window with fewer new requests is slow for another reason, and refusing them would not make it quicker. */
const MIN_OFFERED = 10;

/** The least and the most that one window may take away: the further from the target, the more. */
const MIN_CUT = 0.9;
const MAX_CUT = 0.5;

/** A wait that is so much shorter than the one before: what is let in already drains the queue. */
const DRAINING = 0.9;

/** What each quiet window gives back: a third becomes all within 11 of them. */
const RISE = { factor: 1.1, step: 0.01 } as const;

/** Never everything: what is let in shows whether things are better. */
const FLOOR = 0.02;

/**
 * Which share of new requests is let in, so that what is let in is served in time. Waits of messages are looked at as
 * CoDel does, RFC 8289 §3: only the shortest wait of a window counts, since a burst that drains is no overload. The
 * share falls fast and rises slowly, so that it settles at what can be served.
 */
export class OverloadController {
  readonly #targetMs: number;
  #shortest = Infinity;
  #offered = 0;
  #samples = 0;
  #share = 1;
  /** What the window before had as its shortest wait. */
  #beforeMs = 0;
  /** Slow windows in a row while everything is let in. */
  #slow = 0;

  constructor({ targetMs }: ControllerOptions) {
    this.#targetMs = targetMs;
  }

  /** Between 0 and 1. */
  get share(): number {
    return this.#share;
  }

  /** Takes one sample; true when the share may have changed. */
  take({ delayMs, offered }: LoadSample): boolean {
    this.#shortest = Math.min(this.#shortest, delayMs);
    this.#offered += offered;
    if (++this.#samples < WINDOW) return false;
    this.#share = this.#next(this.#shortest, this.#offered);
    this.#beforeMs = this.#shortest;
    this.#shortest = Infinity;
    this.#offered = this.#samples = 0;
    return true;
  }

  /** Between half the target and the target the share stays as it is, and while a queue is getting shorter. */
  #next(delayMs: number, offered: number): number {
    this.#slow = delayMs > this.#targetMs ? this.#slow + 1 : 0;
    if (delayMs <= this.#targetMs / 2) return Math.min(1, this.#share * RISE.factor + RISE.step);
    if (this.#share === 1 && this.#slow < BEGIN) return 1;
    const isEnough = delayMs <= this.#targetMs || delayMs < DRAINING * this.#beforeMs;
    if (isEnough || this.#share * offered < MIN_OFFERED) return this.#share;
    const cut = Math.min(MIN_CUT, Math.max(MAX_CUT, this.#targetMs / delayMs));
    return Math.max(FLOOR, this.#share * cut);
  }
}
