import { type Clock, type Timer } from '@callweave/clock';
import { type TimedSession } from '@callweave/contracts';
import { patienceSec } from '@callweave/sip';

/** Before half of the interval, at which an engine that has come to know the dialog would refresh it too. */
const REFRESH_AT = 0.45;
/** How long we wait at least before we try to refresh once more. */
const RETRY_MS = 5_000;

/** What became of a refresh; what it agreed to is told apart. `gone`: the peer knows of no such dialog. */
export type Refreshed = 'accepted' | 'refused' | 'gone';

export interface SessionKeeperDeps {
  readonly refresh: () => Promise<Refreshed>;
  /** The session is over, for want of a refresh. */
  readonly expired: () => void;
  readonly clock: Clock;
}

/**
 * Keeps a session alive that no engine keeps for us: refreshes it where that is ours, and says when the peer has not. A
 * record does not say when it was last refreshed: what is ours is refreshed at once. RFC 4028 §10.
 */
export class SessionKeeper {
  readonly #deps: SessionKeeperDeps;
  readonly #timers: Timer[] = [];
  #isAsking = false;
  #isStopped = false;

  constructor(deps: SessionKeeperDeps) {
    this.#deps = deps;
  }

  /** Begins with a session that another kept until now. */
  start(session: TimedSession): void {
    this.agreed(session);
    if (session.isOurs) this.#refresh();
  }

  /** A refresh was accepted, whoever sent it: what is agreed from now on; undefined is nothing. */
  agreed(session: TimedSession | undefined): void {
    this.#cancel();
    if (this.#isStopped || session === undefined) return;
    const { clock, expired } = this.#deps;
    const { intervalSec, isOurs } = session;
    this.#timers.push(clock.after(1_000 * patienceSec(intervalSec), expired));
    if (isOurs) this.#timers.push(clock.after(1_000 * REFRESH_AT * intervalSec, () => this.#refresh()));
  }

  /** Lets go of it. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #cancel(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel();
  }

  #refresh(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { refresh, expired, clock } = this.#deps;
    void refresh().then((outcome) => {
      this.#isAsking = false;
      if (this.#isStopped || outcome === 'accepted') return;
      if (outcome === 'gone') expired();
      else this.#timers.push(clock.after(RETRY_MS, () => this.#refresh()));
    });
  }
}
