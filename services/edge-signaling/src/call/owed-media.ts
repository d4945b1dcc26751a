import { type Clock, type Timer } from '@callweave/clock';
import { type CallId, type MediaNodeId, type Tenant } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';

/** Media of a call that is to be released; at every node when none is named. */
export interface OwedRelease {
  readonly tenant: Tenant;
  readonly callId: CallId;
  readonly node: MediaNodeId | undefined;
}

const AGAIN_MS = 2_000;
/** Asked for at once, so that whoever answers again is not flooded. */
const AT_ONCE = 64;
/** More are left to the nodes' own time-outs. */
const MAX_OWED = 10_000;

export interface OwedMediaDeps {
  /** Whether somebody has taken it on. */
  readonly release: (owed: OwedRelease) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Media that nobody could be asked to release when its call ended: asked for again until somebody answers. */
export class OwedMedia {
  readonly #deps: OwedMediaDeps;
  #owed: OwedRelease[] = [];
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(deps: OwedMediaDeps) {
    this.#deps = deps;
  }

  owe(release: OwedRelease): void {
    if (this.#isClosed) return;
    if (this.#owed.length >= MAX_OWED) {
      this.#deps.log.warn('media.left-behind', { callId: release.callId });
      return;
    }
    this.#owed.push(release);
    this.#timer ??= this.#deps.clock.after(AGAIN_MS, () => void this.#again());
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#owed = [];
  }

  async #again(): Promise<void> {
    this.#timer = undefined;
    const tried = this.#owed.splice(0, AT_ONCE);
    const taken = await Promise.all(tried.map((release) => this.#deps.release(release)));
    for (const [index, release] of tried.entries()) if (taken[index] !== true) this.owe(release);
    if (this.#owed.length > 0) this.#timer ??= this.#deps.clock.after(AGAIN_MS, () => void this.#again());
  }
}
