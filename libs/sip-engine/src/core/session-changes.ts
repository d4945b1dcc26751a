import { type Rejection } from './reject.ts';

/** Whose request it is. */
export type Side = 'ours' | 'theirs';

/** What an unanswered request may do to the session: INVITE and UPDATE with an offer change it. */
export type SessionChange = 'offer' | 'update' | 'offer-update';

/** What a request does to its session; undefined for nothing. */
export function changeBy(method: string, body: Buffer): SessionChange | undefined {
  if (method === 'INVITE') return 'offer';
  if (method !== 'UPDATE') return undefined;
  return body.length > 0 ? 'offer-update' : 'update';
}

/** The unanswered requests within one dialog that change its session. RFC 3261 §14, RFC 3311 §5, RFC 6337 §3. */
export class SessionChanges {
  #ourOffers = 0;
  #theirOffers = 0;
  #theirUpdates = 0;

  /** Whether a further offer would meet another. */
  get isGlaring(): boolean {
    return this.#ourOffers + this.#theirOffers > 0;
  }

  begin(side: Side, change: SessionChange | undefined): void {
    this.#count(side, change, 1);
  }

  /** It has its final response. */
  end(side: Side, change: SessionChange | undefined): void {
    this.#count(side, change, -1);
  }

  /** Why a request of the peer cannot be taken now; `waitSec` is up to 10 s. */
  refusalOf(change: SessionChange, waitSec: number): Rejection | undefined {
    const later: Rejection = { status: 500, headers: [['Retry-After', String(waitSec)]] };
    if (change !== 'offer' && this.#theirUpdates > 0) return later;
    if (change === 'update') return undefined;
    if (this.#theirOffers > 0) return later;
    return this.#ourOffers > 0 ? { status: 491 } : undefined;
  }

  #count(side: Side, change: SessionChange | undefined, by: 1 | -1): void {
    if (change === undefined) return;
    if (side === 'theirs' && change !== 'offer') this.#theirUpdates += by;
    if (change === 'update') return;
    if (side === 'ours') this.#ourOffers += by;
    else this.#theirOffers += by;
  }
}
