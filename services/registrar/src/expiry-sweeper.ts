import { type Publisher, rendezvousOrder } from '@callweave/bus';
import { type Clock, type Timer } from '@callweave/clock';
import { type LocationRecord, type Tenant, type User } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { Calendar } from './calendar.ts';
import { applyExpiry, type Expiry, nextChange } from './expire.ts';
import { type LocationBucket } from './handle-register.ts';
import { GONE_MS } from './gone-binding.ts';
import { tellChanges } from './tell.ts';

export interface SweeperDeps {
  readonly instance: string;
  /** Live registrars, this one included. */
  readonly peers: () => readonly string[];
  /** Why this replica may not act now; undefined when it may. */
  readonly notReady: () => string | undefined;
  readonly locations: LocationBucket;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Logger;
}

const TICK_MS = 1_000;
/** How long the others wait for the replica whose turn it is. */
const DEFER_MS = 2_000;
const RETRY_MS = 5_000;
/** Records worked on at the same time. */
const PARALLEL = 16;

/**
 * Ends bindings that ran out. Every registrar knows when; the first in rendezvous order acts and the others look
 * after it 2 s later, so that a binding ends and is told even if the first one died in between.
 */
export class ExpirySweeper {
  readonly #deps: SweeperDeps;
  readonly #calendar = new Calendar();
  readonly #owners = new Map<string, { tenant: Tenant; user: User }>();
  readonly #timer: Timer;
  #sweeping = false;

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
    this.#timer = deps.clock.every(TICK_MS, () => void this.sweep());
  }

  /** Notes when `record` changes next; called by the watch of the bucket. */
  note(key: string, record: LocationRecord): void {
    this.#owners.set(key, { tenant: record.tenant, user: record.user });
    const mine = rendezvousOrder(key, this.#deps.peers())[0] === this.#deps.instance;
    const dueMs = nextChange(record) + (mine ? 0 : DEFER_MS);
    this.#calendar.schedule(key, mine ? dueMs : Math.min(dueMs, this.#lookAfter(record)));
  }

  /** Works on everything that is due. */
  async sweep(): Promise<void> {
    // A process whose clock is wrong, or that cannot keep its journal, must not end anybody's binding.
    if (this.#sweeping || this.#deps.notReady() !== undefined) return;
    this.#sweeping = true;
    try {
      const due = this.#calendar.due(this.#deps.clock.epochMs());
      const workers = Array.from({ length: Math.min(PARALLEL, due.length) }, async () => {
        for (let key = due.pop(); key !== undefined; key = due.pop()) await this.#expire(key);
      });
      await Promise.all(workers);
    } finally {
      this.#sweeping = false;
    }
  }

  stop(): void {
    this.#timer.cancel();
  }

  /** When to tell once more what another replica has just ended, in case it died before it told. */
  #lookAfter({ gone }: LocationRecord): number {
    const now = this.#deps.clock.epochMs();
    const again = gone
      .filter(({ reason }) => reason === 'expired')
      .map(({ until }) => until - GONE_MS + DEFER_MS)
      .filter((atMs) => atMs > now);
    return Math.min(...again);
  }

  async #expire(key: string): Promise<void> {
    const { locations, publisher, clock, log } = this.#deps;
    const owner = this.#owners.get(key);
    if (owner === undefined) return;
    let expiry: Expiry = { record: undefined, changed: false, told: [] };
    try {
      await locations.modify(owner, (stored) => {
        if (stored === undefined) {
          expiry = { record: undefined, changed: false, told: [] };
          return 'keep';
        }
        expiry = applyExpiry(stored, clock.epochMs());
        if (!expiry.changed) return 'keep';
        return expiry.record === undefined ? 'remove' : { set: expiry.record };
      });
    } catch (error) {
      ignore(log, error, 'the expiry is tried again');
      this.#calendar.schedule(key, clock.epochMs() + RETRY_MS);
      return;
    }
    if (expiry.record === undefined) {
      this.#owners.delete(key);
      return;
    }
    tellChanges(publisher, expiry.record, expiry.told);
    this.note(key, expiry.record);
  }
}
