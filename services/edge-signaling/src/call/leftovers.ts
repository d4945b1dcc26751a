import { type Clock } from '@callweave/clock';
import { type CallId, type LegId } from '@callweave/contracts';

/** How long an ended call can still be looked up, so that a BYE that comes again is answered by any edge. */
export const ENDED_KEPT_MS = 40_000;
/** Records are removed together this often, which costs less than one by one. */
const TOGETHER_MS = 1_000;

/** What is stored of a call that is over. */
export interface Leftover {
  readonly callId: CallId;
  /** Legs that were made for other calls. */
  readonly strangers: readonly LegId[];
}

/** Calls that are over and of which a record is kept for a while. */
export class Leftovers {
  readonly #clock: Clock;
  readonly #remove: (leftover: Leftover) => void;
  /** Oldest first. */
  #kept: (Leftover & { readonly untilMs: number })[] = [];

  constructor(clock: Clock, remove: (leftover: Leftover) => void) {
    this.#clock = clock;
    this.#remove = remove;
  }

  /** Has what is left of a call removed in a while. */
  add(leftover: Leftover): void {
    const isFirst = this.#kept.push({ ...leftover, untilMs: this.#clock.monotonicMs() + ENDED_KEPT_MS }) === 1;
    if (isFirst) this.#clock.after(ENDED_KEPT_MS, () => this.#sweep());
  }

  #sweep(): void {
    const now = this.#clock.monotonicMs();
    const keptFrom = this.#kept.findIndex(({ untilMs }) => untilMs > now);
    const due = this.#kept.splice(0, keptFrom === -1 ? this.#kept.length : keptFrom);
    const [next] = this.#kept;
    if (next !== undefined) this.#clock.after(Math.max(TOGETHER_MS, next.untilMs - now), () => this.#sweep());
    for (const leftover of due) this.#remove(leftover);
  }
}
