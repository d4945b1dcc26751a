import { randomBytes } from 'node:crypto';
import { type Bucket, type Bus } from '@callweave/bus';
import { type Clock, type Timer } from '@callweave/clock';
import { type KeyRing, nonceKeysBucket } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';

const PURPOSE = { purpose: 'nonce' };
const KEY_BYTES = 32;
/** The signing key and the one before it. */
const KEPT = 2;
const CHECK_MS = 60_000;

/** The HMAC keys all auth replicas share; whoever notices first makes or rotates them. */
export class NonceKeys {
  readonly #bucket: Bucket<typeof nonceKeysBucket.pattern, typeof KeyRing>;
  readonly #clock: Clock;
  readonly #rotationMs: number;
  readonly #timer: Timer;
  #keys: readonly Uint8Array[] = [];

  private constructor({ bus, clock, log, rotationSec }: NonceKeysDeps) {
    this.#bucket = bus.bucket(nonceKeysBucket);
    this.#clock = clock;
    this.#rotationMs = rotationSec * 1000;
    bus.watch(nonceKeysBucket, { onRecord: (key, ring) => key === PURPOSE.purpose && this.#take(ring) });
    this.#timer = clock.every(CHECK_MS, () => {
      this.#ensure().catch((error: unknown) => ignore(log, error, 'rotation is tried again in a minute'));
    });
  }

  static async open(deps: NonceKeysDeps): Promise<NonceKeys> {
    const keys = new NonceKeys(deps);
    await keys.#ensure();
    return keys;
  }

  /** The key to sign with. */
  get signing(): Uint8Array {
    const [newest] = this.#keys;
    if (newest === undefined) throw new Error('the key ring is opened before it is used');
    return newest;
  }

  /** Every key a nonce may still be signed with. */
  get all(): readonly Uint8Array[] {
    return this.#keys;
  }

  stop(): void {
    this.#timer.cancel();
  }

  async #ensure(): Promise<void> {
    const ring = await this.#bucket.modify(PURPOSE, (current) => {
      const now = this.#clock.epochMs();
      const newest = current?.keys[0];
      if (newest !== undefined && now - newest.createdAt < this.#rotationMs) return 'keep';
      const key = {
        id: randomBytes(4).toString('hex'),
        secret: randomBytes(KEY_BYTES).toString('base64'),
        createdAt: now,
      };
      return { set: { keys: [key, ...(current?.keys ?? [])].slice(0, KEPT) } };
    });
    if (ring !== undefined) this.#take(ring);
  }

  #take(ring: KeyRing): void {
    this.#keys = ring.keys.map(({ secret }) => Buffer.from(secret, 'base64'));
  }
}

export interface NonceKeysDeps {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rotationSec: number;
}
