import { type Clock, type Timer } from '@callweave/clock';

/** How long after its loss a connection may be expected back: at another server of a cluster it is so in a moment. */
const BACK_MS = 1_000;

/** Whether there is a connection, and whether it is worth waiting for. */
export class Presence {
  readonly #clock: Clock;
  /** When it was lost; undefined while it is there. */
  #lostAtMs: number | undefined;
  readonly #waiting = new Set<(isThere: boolean) => void>();
  #end: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isThere(): boolean {
    return this.#lostAtMs === undefined;
  }

  /** Whether there is none, and none is to be waited for either. */
  get isAway(): boolean {
    return this.#lostAtMs !== undefined && this.#leftMs(this.#lostAtMs) <= 0;
  }

  /** It came or went. */
  changed(isThere: boolean): void {
    this.#lostAtMs = isThere ? undefined : (this.#lostAtMs ?? this.#clock.monotonicMs());
    if (isThere) this.#settle(true);
  }

  /** Whether it is there, or back within a second of its loss; false at once when that is over. */
  comesBack(): Promise<boolean> {
    if (this.#lostAtMs === undefined) return Promise.resolve(true);
    const leftMs = this.#leftMs(this.#lostAtMs);
    if (leftMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#end ??= this.#clock.after(leftMs, () => this.#settle(false));
      this.#waiting.add(resolve);
    });
  }

  #leftMs(lostAtMs: number): number {
    return lostAtMs + BACK_MS - this.#clock.monotonicMs();
  }

  #settle(isThere: boolean): void {
    this.#end?.cancel();
    this.#end = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve(isThere);
  }
}
