import { type CallRecord, type CallSide } from '@callweave/contracts';
import { type Call, type CallCounts } from '../api.ts';
import { partyOf } from './party.ts';

/** A filter and a place; all of it optional. */
export interface CallQuery {
  readonly tenant?: string | undefined;
  readonly state?: Call['state'] | undefined;
  /** Continue after this call. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A call goes up this ladder and never down. */
const rank: Readonly<Record<Call['state'], number>> = { routing: 0, ringing: 1, answered: 2, ended: 3 };

/** More than any cluster carries; beyond it new calls are not shown, so that memory stays bounded. */
const MAX_CALLS = 200_000;
/** Ends that came before their beginnings: an edge that died may have those in its journal. */
const MAX_EARLY_ENDS = 1_000;

/** The calls in progress, learnt from the records of answered calls and from what is told of all of them. */
export class CallBoard {
  readonly #calls = new Map<string, Call>();
  readonly #counts = new Map<string, CallCounts>();
  readonly #endedEarly = new Set<string>();

  get size(): number {
    return this.#calls.size;
  }

  /** Forgets everything and starts from the records. */
  restart(records: readonly CallRecord[]): void {
    this.#calls.clear();
    this.#counts.clear();
    for (const { callId, tenant, state, from, to, startedAt, answeredAt, heldBy, owner } of records) {
      if (state === 'ended') continue;
      this.#put({
        ...{ callId, tenant, state, startedAt, edge: owner },
        ...(from === undefined ? {} : { from: partyOf(from) }),
        ...(to === undefined ? {} : { to: partyOf(to) }),
        ...(answeredAt === undefined ? {} : { answeredAt }),
        ...(heldBy === undefined ? {} : { heldBy }),
      });
    }
  }

  /** A call began, or is told to have begun before what is already known of it. */
  begin(call: Call): Call {
    if (this.#endedEarly.has(call.callId)) return { ...call, state: 'ended' };
    const known = this.#calls.get(call.callId);
    const begun = known === undefined ? call : { ...call, ...known };
    this.#put(begun);
    return begun;
  }

  /** Something about a call is new; of a call nobody knows there is nothing to change. */
  change(callId: string, news: Partial<Call>): Call | undefined {
    const known = this.#calls.get(callId);
    if (known === undefined) return undefined;
    const isOld = news.state !== undefined && rank[news.state] < rank[known.state];
    const changed = isOld ? { ...news, ...known } : { ...known, ...news };
    this.#put(changed);
    return changed;
  }

  /** One side keeps the other on hold, or no longer does. */
  hold(callId: string, by: CallSide, holds: boolean): Call | undefined {
    const others = (this.#calls.get(callId)?.heldBy ?? []).filter((side) => side !== by);
    return this.change(callId, { heldBy: holds ? [...others, by] : others });
  }

  /** A call is over; it as it was, if it was known. */
  end(callId: string): Call | undefined {
    const known = this.#calls.get(callId);
    if (known === undefined) {
      this.#endEarly(callId);
      return undefined;
    }
    this.#calls.delete(callId);
    this.#count(known, -1);
    return { ...known, state: 'ended' };
  }

  counts(tenant?: string): CallCounts {
    if (tenant !== undefined) return this.#counts.get(tenant) ?? { routing: 0, ringing: 0, answered: 0 };
    const total = { routing: 0, ringing: 0, answered: 0 };
    for (const { routing, ringing, answered } of this.#counts.values()) {
      total.routing += routing;
      total.ringing += ringing;
      total.answered += answered;
    }
    return total;
  }

  /** One page, newest first: call ids begin with the time. */
  page({ tenant, state, after, limit }: CallQuery): { calls: Call[]; next: string | undefined } {
    const ids: string[] = [];
    for (const call of this.#calls.values()) {
      if (tenant !== undefined && call.tenant !== tenant) continue;
      if (state !== undefined && call.state !== state) continue;
      if (after !== undefined && call.callId >= after) continue;
      ids.push(call.callId);
    }
    const page = ids.sort().reverse().slice(0, limit);
    const calls = page.map((id) => this.#calls.get(id)).filter((call) => call !== undefined);
    return { calls, next: ids.length > limit ? page.at(-1) : undefined };
  }

  #endEarly(callId: string): void {
    this.#endedEarly.add(callId);
    const [oldest] = this.#endedEarly;
    if (oldest !== undefined && this.#endedEarly.size > MAX_EARLY_ENDS) this.#endedEarly.delete(oldest);
  }

  #put(call: Call): void {
    const known = this.#calls.get(call.callId);
    if (known === undefined && this.#calls.size >= MAX_CALLS) return;
    if (known !== undefined) this.#count(known, -1);
    this.#count(call, 1);
    this.#calls.set(call.callId, call);
  }

  #count({ tenant, state }: Call, by: 1 | -1): void {
    if (state === 'ended') return;
    const counts = this.#counts.get(tenant) ?? { routing: 0, ringing: 0, answered: 0 };
    counts[state] += by;
    this.#counts.set(tenant, counts);
  }
}
