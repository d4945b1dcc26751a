import { compareLives, mediaLifeOf, MediaNodeId } from '@callweave/contracts';

/** How far a node's uptime may fall behind our clock before it must have been started anew. */
const SLACK_SEC = 2;

/** Tells the lives of a node apart by its uptime; only the first look at a life uses the wall clock. */
export class NodeLife {
  readonly #address: string;
  #seen: { readonly uptimeSec: number; readonly atMs: number; readonly startSec: number } | undefined;

  constructor(address: string) {
    this.#address = address;
  }

  /** The life that runs now, as far as is known; undefined before the node was first seen. */
  get id(): MediaNodeId | undefined {
    return this.#seen === undefined ? undefined : MediaNodeId.parse(`${this.#address}@${String(this.#seen.startSec)}`);
  }

  /** Takes note of an uptime; true when it is that of another life than before. */
  see(uptimeSec: number, now: { monotonicMs: number; epochMs: number }): boolean {
    const seen = this.#seen;
    const isAnother =
      seen !== undefined &&
      (uptimeSec < seen.uptimeSec || uptimeSec < seen.uptimeSec + (now.monotonicMs - seen.atMs) / 1000 - SLACK_SEC);
    const startSec =
      seen === undefined || isAnother ? Math.max(0, Math.round(now.epochMs / 1000 - uptimeSec)) : seen.startSec;
    this.#seen = { uptimeSec, atMs: now.monotonicMs, startSec };
    return isAnother;
  }

  /** Whether `id` names the life that runs now. */
  is(id: MediaNodeId): boolean {
    const { address, startSec } = mediaLifeOf(id);
    return (
      address === this.#address && this.#seen !== undefined && compareLives(startSec, this.#seen.startSec) === 'same'
    );
  }
}
