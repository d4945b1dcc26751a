import { type Clock } from '@callweave/clock';
import { type Subscriber } from '@callweave/contracts';

/**
 * Long enough for a device to answer the challenge its account was read for, which comes back to this replica; short
 * enough that whoever changes or removes an account need not wait for it.
 */
const KEEP_MS = 2_000;
/** Accounts of two seconds at many times what one replica answers. */
const MAX_KEPT = 20_000;

/** Accounts read a moment ago. Who has none is not remembered: a new account counts at once. */
export class RecentAccounts {
  readonly #clock: Clock;
  /** In order of age. */
  readonly #kept = new Map<string, { readonly account: Subscriber; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(tenant: string, user: string): Subscriber | undefined {
    const kept = this.#kept.get(key(tenant, user));
    return kept !== undefined && kept.untilMs > this.#clock.monotonicMs() ? kept.account : undefined;
  }

  put(account: Subscriber): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [oldest, { untilMs }] of this.#kept) {
      if (untilMs > nowMs && this.#kept.size < MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
    this.delete(account);
    this.#kept.set(key(account.tenant, account.user), { account, untilMs: nowMs + KEEP_MS });
  }

  delete({ tenant, user }: Pick<Subscriber, 'tenant' | 'user'>): void {
    this.#kept.delete(key(tenant, user));
  }
}

function key(tenant: string, user: string): string {
  return `${tenant} ${user}`;
}
