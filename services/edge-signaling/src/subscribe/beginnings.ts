import { type Clock, sleep } from '@callweave/clock';

/** Longest a NOTIFY is held back for the answer that it overtook; its sender repeats it after half a second. */
const PATIENCE_MS = 1_000;

/**
 * Subscriptions that are being begun or refreshed here. A NOTIFY may be faster than the answer to its SUBSCRIBE, which not
 * every phone expects: it waits a little. Of what other edges do nothing is known, and nothing waits. RFC 6665 §4.1.2.4
 */
export class Beginnings {
  readonly #clock: Clock;
  /** Who waits for the answer, by our tag. */
  readonly #open = new Map<string, (() => void)[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The subscriber has not been answered yet about the subscription with our tag `localTag`. */
  begin(localTag: string): void {
    this.#open.set(localTag, []);
  }

  /** He has, or never will be. */
  end(localTag: string): void {
    const waiting = this.#open.get(localTag) ?? [];
    this.#open.delete(localTag);
    for (const resolve of waiting) resolve();
  }

  /** Resolves when the subscriber knows of the subscription, or should. */
  async over(localTag: string): Promise<void> {
    const waiting = this.#open.get(localTag);
    if (waiting === undefined) return;
    await Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), sleep(this.#clock, PATIENCE_MS)]);
  }
}
