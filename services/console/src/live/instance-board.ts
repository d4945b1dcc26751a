import { type Clock } from '@callweave/clock';
import { LEASE_RENEW_SEC, LEASE_SEC, type Lease } from '@callweave/contracts';
import { type Instance, type InstanceState } from '../api.ts';

interface Known {
  readonly lease: Lease;
  revision: number;
  /** On our own monotonic clock; wall clocks are never compared. */
  seenMs: number;
}

/** Two renewals missed. */
const SILENT_MS = 2 * LEASE_RENEW_SEC * 1000 + 500;
const GONE_MS = LEASE_SEC * 1000;
/** One that is gone is shown for a while: an operator wants to know who left. */
const FORGOTTEN_MS = GONE_MS + 60_000;

/** The processes on the bus and which of them live, learnt from their leases. */
export class InstanceBoard {
  readonly #known = new Map<string, Known>();
  readonly #clock: Clock;
  readonly #isConnected: () => boolean;

  constructor({ clock, isConnected }: { clock: Clock; isConnected: () => boolean }) {
    this.#clock = clock;
    this.#isConnected = isConnected;
  }

  /** A lease was seen; only a new revision is a sign of life. */
  renew(key: string, lease: Lease, revision: number): void {
    const known = this.#known.get(key);
    if (known?.revision === revision) return;
    this.#known.set(key, { lease, revision, seenMs: this.#clock.monotonicMs() });
  }

  /** To be called every second: while nobody can be heard, nobody grows older; who is long gone is forgotten. */
  tick(): void {
    const now = this.#clock.monotonicMs();
    for (const [key, known] of this.#known) {
      if (!this.#isConnected()) known.seenMs = now;
      else if (now - known.seenMs > FORGOTTEN_MS) this.#known.delete(key);
    }
  }

  /** By service, oldest first. */
  list(): Instance[] {
    return [...this.#known.values()]
      .map(({ lease: { service, instance, version, startedAt, holds }, seenMs }) => ({
        ...{ service, instance, version, startedAt },
        ...(holds === undefined ? {} : { holds }),
        state: this.#state(seenMs),
      }))
      .sort((a, b) => compare(a.service, b.service) || a.startedAt - b.startedAt || compare(a.instance, b.instance));
  }

  #state(seenMs: number): InstanceState {
    if (!this.#isConnected()) return 'unknown';
    const age = this.#clock.monotonicMs() - seenMs;
    if (age > GONE_MS) return 'gone';
    return age > SILENT_MS ? 'silent' : 'alive';
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
