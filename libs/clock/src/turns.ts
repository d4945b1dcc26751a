/** How long news is gathered at most where calls go through, ms: a tenth of what sets a call up there. */
export const GATHER_MS = 10;

/** The share of a processor from which a process gathers for as long as it may. */
const BUSY_SHARE = 0.1;
const SLOT_MS = 100;
/** Not worth standing still for: the system's timers are no finer. */
const LEAST_MS = 0.1;

export interface PaceOptions {
  /** How long news is gathered at most, ms. */
  readonly gatherMs: number;
  /** The share of a processor from which it is gathered that long; less of it, less long. */
  readonly busyShare?: number;
  /** How long the loop has waited for news so far, ms. */
  readonly idleMs: () => number;
}

/** When the next turn of an event loop is due: at once while it has little to do, later the more of its time it works. */
export class TurnPace {
  readonly #options: PaceOptions;
  #windowMs = 0;
  #lastMs: number;
  #slot: { readonly atMs: number; readonly idleMs: number };
  #restedMs = 0;

  constructor(options: PaceOptions, nowMs: number) {
    this.#options = options;
    this.#lastMs = nowMs;
    this.#slot = { atMs: nowMs, idleMs: options.idleMs() };
  }

  /** A turn ended at `nowMs` (monotonic), and the next is urgent or not: how long to stand still before it, ms. */
  restMs(nowMs: number, isUrgent = false): number {
    if (nowMs - this.#slot.atMs >= SLOT_MS) this.#measure(nowMs);
    const restMs = this.#windowMs - (nowMs - this.#lastMs);
    const rests = !isUrgent && restMs > LEAST_MS;
    this.#lastMs = rests ? nowMs + restMs : nowMs;
    if (!rests) return 0;
    this.#restedMs += restMs;
    return restMs;
  }

  /** Time neither waited for news nor rested was worked. */
  #measure(nowMs: number): void {
    const { gatherMs, busyShare = BUSY_SHARE } = this.#options;
    const idleMs = this.#options.idleMs();
    const passedMs = nowMs - this.#slot.atMs;
    const share = (passedMs - (idleMs - this.#slot.idleMs) - this.#restedMs) / passedMs;
    this.#windowMs = gatherMs * Math.min(1, Math.max(0, share / busyShare));
    this.#slot = { atMs: nowMs, idleMs };
    this.#restedMs = 0;
  }
}

export interface GatherOptions extends Omit<PaceOptions, 'idleMs'> {
  /** Whether no time is to be lost: the turn that ends now left news behind, or somebody waits. */
  readonly isUrgent?: () => boolean;
}

/**
 * Has a process look for news less often the more of its time it works, at most every `gatherMs`, as network cards do
 * with their interrupts: waking up costs the same whatever there is to find, and what is answered together leaves
 * together. The thread stands still meanwhile, timers included. A process with little to do looks at once, and so does
 * one whose turns take longer than this anyway. Until the returned function is called.
 */
export function gatherTurns({ isUrgent = () => false, ...options }: GatherOptions): () => void {
  const pace = new TurnPace({ ...options, idleMs: () => performance.eventLoopUtilization().idle }, performance.now());
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
