import { type Clock } from '@callweave/clock';
import { LEASE_RENEW_SEC, LEASE_SEC, type Lease } from '@callweave/contracts';
import { type Directory } from './requester.ts';

interface Known {
  lease: Lease;
  revision: number;
  /** On our own monotonic clock; wall clocks are never compared. */
  seenMs: number;
  suspect: boolean;
}

/** Two renewals missed: still alive by the lease, but others are asked first. */
const FRESH_MS = 2 * LEASE_RENEW_SEC * 1000 + 500;

/** What the leases seen so far say about who is alive, and whom to ask first. */
export class InstanceTable implements Directory {
  readonly #known = new Map<string, Known>();
  readonly #clock: Clock;
  #turn = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A lease was seen at `revision`; only a new revision is a sign of life. */
  renew(lease: Lease, revision: number): void {
    const known = this.#known.get(lease.instance);
    if (known === undefined) {
      this.#known.set(lease.instance, { lease, revision, seenMs: this.#clock.monotonicMs(), suspect: false });
    } else if (revision !== known.revision) {
      known.lease = lease;
      known.revision = revision;
      known.seenMs = this.#clock.monotonicMs();
      // A frozen process renews nothing; one that was only slow gets its share again.
      known.suspect = false;
    }
    this.#forgetDead();
  }

  /** Nobody could be heard for a while, so everybody gets one whole lease again. */
  reprieve(): void {
    for (const known of this.#known.values()) known.seenMs = this.#clock.monotonicMs();
  }

  /** Instances of `service` whose lease runs, best to ask first: unsuspected, then recently seen; equals in turn. */
  candidates(service: string): string[] {
    const now = this.#clock.monotonicMs();
    const rank = (known: Known): number => Number(known.suspect) * 2 + Number(now - known.seenMs > FRESH_MS);
    const live = this.#live(service);
    const first = live.length === 0 ? 0 : this.#turn++ % live.length;
    return [...live.slice(first), ...live.slice(0, first)]
      .sort((a, b) => rank(a) - rank(b))
      .map(({ lease }) => lease.instance);
  }

  /** The flow holders that a live process speaks for, each once. */
  holders(): string[] {
    const now = this.#clock.monotonicMs();
    const held = new Set<string>();
    for (const { lease, seenMs } of this.#known.values()) {
      if (lease.holds !== undefined && now - seenMs <= LEASE_SEC * 1000) held.add(lease.holds);
    }
    return [...held];
  }

  /** An instance that did not answer in time is asked last until it answers or renews its lease. */
  suspect(instance: string): void {
    const known = this.#known.get(instance);
    if (known !== undefined) known.suspect = true;
  }

  /** The queue group did not answer in time: any of its members may be the frozen one, until it shows life. */
  suspectAll(service: string): void {
    for (const known of this.#live(service)) known.suspect = true;
  }

  isSuspect(instance: string): boolean {
    return this.#known.get(instance)?.suspect ?? false;
  }

  /** An instance that answered is as good as any. */
  trust(instance: string): void {
    const known = this.#known.get(instance);
    if (known !== undefined) known.suspect = false;
  }

  /** Whether any live instance of `service` is under suspicion. */
  hasSuspect(service: string): boolean {
    return this.#live(service).some(({ suspect }) => suspect);
  }

  #live(service: string): Known[] {
    const now = this.#clock.monotonicMs();
    const live: Known[] = [];
    for (const known of this.#known.values()) {
      if (known.lease.service === service && now - known.seenMs <= LEASE_SEC * 1000) live.push(known);
    }
    return live;
  }

  #forgetDead(): void {
    const now = this.#clock.monotonicMs();
    for (const [instance, { seenMs }] of this.#known) {
      if (now - seenMs > 4 * LEASE_SEC * 1000) this.#known.delete(instance);
    }
  }
}
