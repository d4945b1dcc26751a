import { type Clock, type Timer } from '@callweave/clock';
import { type InstanceId, instancesBucket, LEASE_RENEW_SEC, type Lease } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { Bucket } from './bucket.ts';
import { type Connection } from './connection.ts';

/** A process whose clock is further off the server's than this is not ready. */
export const MAX_CLOCK_OFFSET_MS = 1_000;
const CLOCK_CHECK_EVERY = 5;

/** Announces this process: a key re-put every 2 s. Also the place where our clock is held against the server's. */
export class OwnLease {
  readonly #bucket: Bucket<typeof instancesBucket.pattern, typeof Lease>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #lease: Lease;
  #holds: InstanceId | undefined;
  #timer: Timer | undefined;
  #revision: number | undefined;
  #renewals = 0;
  #renewing: Promise<void> | undefined;
  #offsetMs = 0;
  #stopped = false;

  constructor(
    lease: { service: string; instance: InstanceId; version: string },
    { connection, clock, log }: { connection: Connection; clock: Clock; log: Logger },
  ) {
    this.#bucket = new Bucket(instancesBucket, connection, clock);
    this.#clock = clock;
    this.#log = log;
    this.#lease = { ...lease, startedAt: clock.epochMs() };
  }

  /** How far our clock is ahead of the server's, ms, beyond what the round trip explains. */
  get clockOffsetMs(): number {
    return this.#offsetMs;
  }

  /** Puts the lease, and from the first time on again every 2 s; a failure is retried at the next turn. */
  async renew(): Promise<void> {
    if (this.#stopped) return;
    this.#timer ??= this.#clock.every(LEASE_RENEW_SEC * 1000, () => void this.renew());
    this.#renewing ??= this.#put().finally(() => (this.#renewing = undefined));
    await this.#renewing;
  }

  /** Says from now on, and at once, that this process speaks for the flow holder `instance`, or for none. */
  async hold(instance: InstanceId | undefined): Promise<void> {
    this.#holds = instance;
    // A put under way may still say the old.
    await this.#renewing;
    if (this.#timer !== undefined) await this.renew();
  }

  /** Puts the lease no more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Withdraws the lease: who looks from now on does not find it, who has seen it keeps it until it runs out. */
  async release(): Promise<void> {
    this.stop();
    // A put under way would otherwise leave a lease behind that nobody renews.
    await this.#renewing;
    if (this.#revision === undefined) return;
    try {
      await this.#bucket.remove(this.#revision);
    } catch (error) {
      ignore(this.#log, error, 'the lease runs out by itself');
    }
  }

  async #put(): Promise<void> {
    try {
      const before = this.#clock.epochMs();
      this.#revision = await this.#bucket.put(this.#lease, { ...this.#lease, holds: this.#holds });
      const after = this.#clock.epochMs();
      if (this.#renewals++ % CLOCK_CHECK_EVERY === 0) await this.#checkClock(before, after);
    } catch (error) {
      ignore(this.#log, error, 'the lease is renewed again in 2 s');
    }
  }

  async #checkClock(before: number, after: number): Promise<void> {
    const entry = await this.#bucket.get(this.#lease);
    if (entry === undefined || entry.revision !== this.#revision) return;
    this.#offsetMs = clockOffset(before, after, entry.storedAtMs);
  }
}

/** Our clock minus the server's, as far as `[before, after]` around the server's stamp does not explain it. */
export function clockOffset(before: number, after: number, serverMs: number): number {
  if (serverMs < before) return before - serverMs;
  if (serverMs > after) return after - serverMs;
  return 0;
}
