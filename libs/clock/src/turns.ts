/** How long news is gathered where calls go through, ms: a small part of what setting up a call takes. */
export const GATHER_MS = 2;

/** A process is busy with this share of the turns that it may make: fewer than it makes when it rests between them. */
const BUSY_SHARE = 0.6;
const SLOT_MS = 100;
/** Not worth standing still for: the system's timers are no finer. */
const LEAST_MS = 0.1;

/** When the next turn of a busy event loop is due. */
export class TurnPace {
  readonly #gatherMs: number;
  /** Turns in one slot from which a process is busy. */
  readonly #busyTurns: number;
  #lastMs = -Infinity;
  #slotEndMs = -Infinity;
  #turns = 0;
  #isBusy = false;

  constructor(gatherMs: number) {
    this.#gatherMs = gatherMs;
    this.#busyTurns = (BUSY_SHARE * SLOT_MS) / gatherMs;
  }

  /** A turn ended at `nowMs` (monotonic), and the next is urgent or not: how long to stand still before it, ms. */
  restMs(nowMs: number, isUrgent = false): number {
    this.#count(nowMs);
    const restMs = this.#gatherMs - (nowMs - this.#lastMs);
    const rests = this.#isBusy && !isUrgent && restMs > LEAST_MS;
    this.#lastMs = rests ? nowMs + restMs : nowMs;
    return rests ? restMs : 0;
  }

  #count(nowMs: number): void {
    this.#turns += 1;
    if (nowMs < this.#slotEndMs) return;
    this.#isBusy = this.#turns >= this.#busyTurns && nowMs < this.#slotEndMs + SLOT_MS;
    this.#turns = 0;
    this.#slotEndMs = nowMs + SLOT_MS;
  }
}

export interface GatherOptions {
  /** How long news is gathered, ms: what this adds to each turn that an answer takes, at most. */
  readonly gatherMs: number;
  /** Whether no time is to be lost: the turn that ends now left news behind, or somebody waits. */
  readonly isUrgent?: () => boolean;
}

/**
 * Has a busy process look for news every `gatherMs` and not more often, as network cards do with their interrupts:
 * waking up costs the same whatever there is to find, and what is answered together leaves together. The thread stands
 * still meanwhile, timers included. A process with few turns looks at once, and so does one whose turns take longer than
 * this anyway. Until the returned function is called.
 */
export function gatherTurns({ gatherMs, isUrgent = () => false }: GatherOptions): () => void {
  const pace = new TurnPace(gatherMs);
  const stillness = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const next = (): void => {
    const restMs = pace.restMs(performance.now(), isUrgent());
    if (restMs > 0) Atomics.wait(stillness, 0, 0, restMs);
    // Without a reference it runs at the end of each turn, and is no reason for one.
    ending = setImmediate(next).unref();
  };
  let ending = setImmediate(next).unref();
  return () => clearImmediate(ending);
}
