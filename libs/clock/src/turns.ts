/** The share of a processor from which a process gathers for as long as it may. */
const BUSY_SHARE = 0.1;
const SLOT_MS = 100;
/** Not worth standing still for: the system's timers are no finer. */
const LEAST_MS = 0.1;

/** What the next turn is thought to find. */
export interface Expected {
  /** No time is to be lost: news was left behind, or somebody waits. */
  readonly isUrgent?: boolean;
  /** An answer that takes a moment, to go on with while all that belongs to it is at hand. */
  readonly awaits?: boolean;
}

export interface PaceOptions {
  /** How long news is gathered at most, ms. */
  readonly gatherMs: number;
  /** The share of a processor from which it is gathered that long; less of it, less long. */
  readonly busyShare?: number;
  /** How long answers are waited for at most before the loop stands still, ms; not at all unless said. */
  readonly lingerMs?: number;
  /** How long the loop has had nothing to do so far, waiting for news or standing still, ms. */
  readonly idleMs: () => number;
}

/** When the next turn of an event loop is due: at once while it has little to do, later the more of its time it works. */
export class TurnPace {
  readonly #options: PaceOptions;
  #windowMs = 0;
  #lastMs: number;
  #slot: { readonly atMs: number; readonly idleMs: number };
  /** When the first turn ended since the loop stood still or waited for news. */
  #firstMs: number | undefined;

  constructor(options: PaceOptions, nowMs: number) {
    this.#options = options;
    this.#lastMs = nowMs;
    this.#slot = { atMs: nowMs, idleMs: options.idleMs() };
  }

  /**
   * A turn ended at `nowMs` (monotonic), and the next is urgent, or an answer is expected soon, or neither: how long to
   * stand still before it, ms.
   */
  restMs(nowMs: number, { isUrgent = false, awaits = false }: Expected = {}): number {
    if (nowMs - this.#slot.atMs >= SLOT_MS) this.#measure(nowMs);
    const restMs = this.#windowMs - (nowMs - this.#lastMs);
    const isLate = restMs <= LEAST_MS;
    const firstMs = isLate ? nowMs : (this.#firstMs ?? nowMs);
    const rests = !isLate && !isUrgent && !(awaits && nowMs - firstMs < (this.#options.lingerMs ?? 0));
    if (rests) this.#lastMs = nowMs + restMs;
    else if (isLate || isUrgent) this.#lastMs = nowMs;
    this.#firstMs = rests ? undefined : firstMs;
    return rests ? restMs : 0;
  }

  #measure(nowMs: number): void {
    const { gatherMs, busyShare = BUSY_SHARE } = this.#options;
    const idleMs = this.#options.idleMs();
    const share = 1 - (idleMs - this.#slot.idleMs) / (nowMs - this.#slot.atMs);
    this.#windowMs = gatherMs * Math.min(1, Math.max(0, share / busyShare));
    this.#slot = { atMs: nowMs, idleMs };
  }
}

export interface GatherOptions extends Omit<PaceOptions, 'idleMs'> {
  /** Whether no time is to be lost: the turn that ends now left news behind, or somebody waits. */
  readonly isUrgent?: () => boolean;
  /** Whether an answer is expected that comes in a moment, as a rule; it is waited for `lingerMs` at most. */
  readonly awaits?: () => boolean;
}

/** What leaves at the end of this turn. */
let leaving: (() => void)[] = [];
let gatherers = 0;

/** Runs `action` once this turn has seen to all the news it found: where turns are gathered, before the loop rests. */
export function atTurnEnd(action: () => void): void {
  if (gatherers === 0) {
    setImmediate(action);
    return;
  }
  // With a reference: the loop must not wait for news before this turn has ended.
  if (leaving.length === 0) setImmediate(() => undefined);
  leaving.push(action);
}

function depart(): void {
  const actions = leaving;
  leaving = [];
  for (const action of actions) action();
}

/**
 * Has a process look for news less often the more of its time it works, at most every `gatherMs`, as network cards do
 * with their interrupts: waking up costs the same whatever there is to find, and what is answered together leaves
 * together. The thread stands still meanwhile, timers included, once what `atTurnEnd` was given has left and what it
 * asked for has come, if that comes soon. A process with little to do looks at once, and so does one whose turns take
 * longer than this anyway. Until the returned function is called.
 */
export function gatherTurns({ isUrgent = () => false, awaits = () => false, ...options }: GatherOptions): () => void {
  let stoodStillMs = 0;
  const idleMs = (): number => performance.eventLoopUtilization().idle + stoodStillMs;
  const pace = new TurnPace({ ...options, idleMs }, performance.now());
  const stillness = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const rest = (): void => {
    const nowMs = performance.now();
    const restMs = pace.restMs(nowMs, { isUrgent: isUrgent(), awaits: awaits() });
    if (restMs > 0) {
      Atomics.wait(stillness, 0, 0, restMs);
      // Longer than asked for where others want the processor.
      stoodStillMs += performance.now() - nowMs;
    }
  };
  // Without a reference they run at the end of each turn, one after the other, and are no reason for one.
  const atEachEnd = (action: () => void): (() => void) => {
    const run = (): void => {
      next = setImmediate(run).unref();
      action();
    };
    let next = setImmediate(run).unref();
    return () => clearImmediate(next);
  };
  gatherers += 1;
  const ends = [atEachEnd(depart), atEachEnd(rest)];
  return () => {
    for (const end of ends) end();
    gatherers -= 1;
    setImmediate(depart);
  };
}
