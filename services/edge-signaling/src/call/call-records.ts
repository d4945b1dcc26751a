import { type Bucket, type Bus, BusError, BusUnavailableError } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import {
  type CallCause,
  type CallDetail,
  type CallId,
  type CallRecord,
  callIdOf,
  callsBucket,
  EpochMs,
  type InstanceId,
  type LegId,
  type LegRecord,
  type Tenant,
} from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { type CallTeller } from './call-ports.ts';
import { dialogsOf, parties, recordOf } from './call-record.ts';
import { type EstablishedParts } from './established-call.ts';
import { type LeftWord } from './left-calls.ts';
import { Leftovers } from './leftovers.ts';
import { holders, type Session } from './session.ts';
import { UnstoredCalls } from './unstored-calls.ts';

type CallsBucket = Bucket<typeof callsBucket.pattern, typeof callsBucket.value>;

/** A mark that could not be set is tried again after this long. */
const RETRY_MS = 5_000;

/** A leg and its call as they are stored, with the revision that a change of the call must name. */
export interface FoundLeg {
  readonly leg: LegRecord;
  readonly call: CallRecord;
  readonly revision: number;
}

/** A call as it is stored, and since when, by the server's clock. */
export interface StoredCall {
  readonly call: CallRecord;
  readonly revision: number;
  readonly storedAtMs: number;
}

/** What is known of a call when it begins. */
export interface BegunCall {
  readonly tenant: Tenant;
  readonly callId: CallId;
  /** The caller's. */
  readonly legId: LegId;
  readonly from: string;
  readonly to: string;
  readonly startedAtMs: number;
  readonly detail: CallDetail;
}

/**
 * `initiated`, `routed` and `ringing`: how many of them a dead edge told is not known, and the end gets a number above
 * all of them.
 */
const MAX_TOLD_BEFORE_ANSWER = 3;

export interface CallRecordsDeps {
  readonly bus: Pick<Bus, 'bucket'>;
  readonly owner: () => InstanceId;
  /** Leaves word of a call that is not stored to the next edge at this place. */
  readonly leave?: ((callId: CallId, word: LeftWord) => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Records of answered calls, from which any edge can go on with them. The record of the call alone says who owns it:
 * every change of it is a compare-and-set, so of two edges one finds out that it is too late.
 */
export class CallRecords {
  readonly #deps: CallRecordsDeps;
  readonly #bucket: CallsBucket;
  /** What is being written, by call; the next write of a call waits for it. */
  readonly #writing = new Map<CallId, Promise<unknown>>();
  /** Revisions of the calls being set up here. */
  readonly #begun = new Map<CallId, number>();
  /** Calls that ended here and whose records may not say so yet. */
  readonly #ended = new Set<CallId>();
  /** Calls that have begun and are not stored yet. */
  readonly #beginning = new Set<string>();
  readonly #unstored: UnstoredCalls;
  readonly #leftovers: Leftovers;

  constructor(deps: CallRecordsDeps) {
    this.#deps = deps;
    this.#bucket = deps.bus.bucket(callsBucket, { recalls: true, gathers: true });
    this.#unstored = new UnstoredCalls(deps.leave);
    this.#leftovers = new Leftovers(deps.clock, ({ callId, strangers }) => void this.remove(callId, strangers));
  }

  /** Notes that a call is being set up, so that its end is told whatever becomes of this edge; returns at once, with what is stored soon. */
  begin({ tenant, callId, legId, from, to, startedAtMs, detail }: BegunCall): CallRecord {
    const times = { startedAt: EpochMs.parse(startedAtMs) };
    const ids = { tenant, callId, owner: this.#deps.owner(), epoch: 1, legs: [legId] };
    const call: CallRecord = { ...ids, ...times, from, to, state: 'routing', sequence: MAX_TOLD_BEFORE_ANSWER, detail };
    const key = { kind: 'call', id: callId };
    this.#beginning.add(callId);
    this.#inOrder(callId, async () => {
      const revision = await this.#bucket.replace(key, { kind: 'call', call }, 0);
      this.#beginning.delete(callId);
      if (revision !== undefined) this.#begun.set(callId, revision);
    }).catch((error: unknown) => ignore(this.#deps.log, error, 'the call goes on without its record'));
    return call;
  }

  /** The set-up is over without an answer; returns at once. When its engine is `lost` who rings for it may speak up yet. */
  abandon(callId: CallId, lost?: CallCause): void {
    this.#inOrder(callId, async () => {
      const revision = this.#begun.get(callId);
      this.#begun.delete(callId);
      this.#beginning.delete(callId);
      if (revision !== undefined && lost === undefined) await this.#bucket.remove(revision);
    })
      .then(() => (lost === undefined ? undefined : this.end(callId, lost)))
      .catch((error: unknown) => ignore(this.#deps.log, error, 'the record is removed by the sweep'));
  }

  /** What is stored of an answered call. */
  recordOf(call: EstablishedParts, sequence: number, detail: CallDetail): CallRecord {
    return { ...recordOf(call, this.#deps.owner(), sequence), detail };
  }

  /** The caller has acknowledged its answer. */
  acknowledged(callId: CallId): void {
    this.#unstored.acknowledged(callId);
  }

  /**
   * Keeps an answered call; resolves with whether it is stored. Without the bus the call goes on without its record until
   * this is asked for once more.
   */
  async keep(call: EstablishedParts, sequence: number, detail: CallDetail): Promise<boolean> {
    const { callId } = call;
    const record = this.recordOf(call, sequence, detail);
    const isFirst = !this.#unstored.has(callId);
    this.#unstored.put(record);
    const write = (): Promise<unknown> => {
      const revision = this.#begun.get(callId) ?? 0;
      this.#begun.delete(callId);
      this.#beginning.delete(callId);
      const written = isFirst ? this.#writeFirst(record, revision) : this.#writeAgain(record);
      return Promise.all([written, ...this.#point(record)]);
    };
    try {
      // What was noted when the call began is long stored, as a rule, and nothing waits.
      await (this.#writing.has(callId) ? this.#inOrder(callId, write) : this.#now(callId, write()));
      if (!this.#ended.has(callId)) this.#unstored.stored(callId);
      return true;
    } catch (error) {
      ignore(this.#deps.log, error, 'the call goes on without its record for now');
      return false;
    }
  }

  async #writeFirst(call: CallRecord, revision: number): Promise<void> {
    const key = { kind: 'call', id: call.callId };
    // Until it is stored only this host knows that the call was answered.
    const written = await this.#bucket.replace(key, { kind: 'call', call }, revision, { atOnce: true });
    // That it has begun was stored without our hearing so.
    if (written === undefined) await this.#writeAgain(call);
  }

  /** What was written before may be stored, or not; tried once. */
  async #writeAgain(call: CallRecord): Promise<void> {
    const isOlder = (stored: CallRecord): boolean =>
      stored.owner === call.owner && stored.epoch === call.epoch && stored.sequence <= call.sequence;
    await this.#bucket.modify(
      { kind: 'call', id: call.callId },
      (stored) =>
        !this.#ended.has(call.callId) && (stored?.kind !== 'call' || isOlder(stored.call))
          ? { set: { kind: 'call', call } }
          : 'keep',
      { deadlineMs: 0 },
    );
  }

  /** Whether of a call in our hands the journal alone knows how far it has come. */
  isUnstored(callId: string): boolean {
    return this.#unstored.has(callId) || this.#beginning.has(callId);
  }

  /** Notes how the session and the dialogs of a call are now; returns at once. */
  change(call: EstablishedParts, session: Session, sequence: number): void {
    const { callId, epoch } = call;
    const heldBy = holders(session);
    this.#inOrder(callId, () => {
      const dialogs = dialogsOf(call, this.#deps.owner());
      return this.#modifyOurs(callId, epoch, (stored) => ({ ...stored, sequence, heldBy, dialogs }));
    }).catch((error: unknown) => ignore(this.#deps.log, error, 'the record is of the session before'));
  }

  /**
   * Notes that one side of a call is another party now; resolves when that is stored or cannot be. Whoever takes the
   * call over before has the pair of before. With `edge` that one's engine has the dialogs, whoever owns the call.
   */
  async repair(
    before: EstablishedParts,
    now: EstablishedParts,
    { sequence, detail }: Pick<CallTeller, 'sequence' | 'detail'>,
    edge?: InstanceId,
  ): Promise<void> {
    const { callId, epoch } = now;
    const record = recordOf(now, this.#deps.owner(), sequence);
    const dialogs = record.dialogs?.map((leg) => (edge === undefined ? leg : { ...leg, edge: leg.edge ?? edge }));
    const present = { ...record, dialogs, detail };
    const gone = [before.caller.legId, before.callee.legId].filter((id) => !present.legs.includes(id));
    const written = this.#inOrder(callId, async () => {
      const stored = await this.#modifyOurs(callId, epoch, (stored) => ({
        ...{ ...stored, ...present },
        ...parties(stored, before, now),
      }));
      if (stored) await Promise.all([...this.#point(present), ...this.#unpoint(callId, gone)]);
    });
    await written.catch((error: unknown) => ignore(this.#deps.log, error, 'the record is of the pair before'));
  }

  /** Notes a call down as it is, for an edge that takes it over while our engine keeps its dialogs. */
  async lend(call: EstablishedParts, teller: Pick<CallTeller, 'sequence' | 'detail'>): Promise<void> {
    await this.repair(call, call, teller, this.#deps.owner());
  }

  /** The leg and its call; undefined when it is in no call that is stored. Throws `BusUnavailableError`. */
  async find(legId: LegId): Promise<FoundLeg | undefined> {
    const made = callIdOf(legId);
    const found = made === undefined ? undefined : await this.#findIn(made, legId);
    if (found !== undefined) return found;
    const pointer = (await this.#bucket.get({ kind: 'leg', id: legId }))?.value;
    return pointer?.kind === 'leg' ? this.#findIn(pointer.callId, legId) : undefined;
  }

  async #findIn(callId: CallId, legId: LegId): Promise<FoundLeg | undefined> {
    const entry = await this.#bucket.get({ kind: 'call', id: callId });
    if (entry?.value.kind !== 'call') return undefined;
    const { call } = entry.value;
    const leg = call.legs.includes(legId) ? call.dialogs?.find((dialog) => dialog.legId === legId) : undefined;
    if (leg === undefined) return undefined;
    const state = this.#ended.has(callId) ? 'ended' : call.state;
    return { leg, call: { ...call, state }, revision: entry.revision };
  }

  /** Whether the call that a leg is in is known, and over. Throws `BusUnavailableError`. */
  async hasEnded(legId: LegId): Promise<boolean> {
    const pointer = (await this.#bucket.get({ kind: 'leg', id: legId }))?.value;
    const callId = pointer?.kind === 'leg' ? pointer.callId : callIdOf(legId);
    if (callId === undefined) return false;
    if (this.#ended.has(callId)) return true;
    const entry = await this.#bucket.get({ kind: 'call', id: callId });
    return entry?.value.kind === 'call' && entry.value.call.state === 'ended';
  }

  /** Every call that is stored. Throws `BusUnavailableError`. */
  async list(): Promise<StoredCall[]> {
    const entries = await this.#bucket.list({ kind: 'call' });
    return entries.flatMap(({ value, revision, storedAtMs }) =>
      value.kind === 'call' ? [{ call: value.call, revision, storedAtMs }] : [],
    );
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing.values());
  }

  /** Makes the call ours, one epoch later; undefined when another edge was faster. Throws `BusUnavailableError`. */
  async adopt({ call, revision }: Pick<FoundLeg, 'call' | 'revision'>): Promise<CallRecord | undefined> {
    const { callId } = call;
    const mine = { ...call, owner: this.#deps.owner(), epoch: call.epoch + 1 };
    try {
      const written = await this.#bucket.replace({ kind: 'call', id: callId }, { kind: 'call', call: mine }, revision);
      this.#unstored.stored(callId);
      return written === undefined ? undefined : mine;
    } catch (error) {
      if (!(error instanceof BusUnavailableError)) throw error;
      ignore(this.#deps.log, error, 'it may be ours all the same, and then nobody else would go on with it');
    }
    const isOf = (stored: CallRecord, { owner, epoch }: CallRecord): boolean =>
      stored.owner === owner && stored.epoch === epoch && stored.state !== 'ended';
    const stored = await this.#bucket.modify({ kind: 'call', id: callId }, (current) => {
      const isAsFound = current?.kind === 'call' ? isOf(current.call, call) : revision === 0;
      return isAsFound ? { set: { kind: 'call', call: mine } } : 'keep';
    });
    this.#unstored.stored(callId);
    return stored?.kind === 'call' && isOf(stored.call, mine) ? mine : undefined;
  }

  /**
   * Marks the call as ended for everybody; `lost` when somebody has done so before. While the bus cannot be asked the
   * call is ours to end (its last event is stored once at most), and is marked as soon as it can. `given` is in another
   * call now.
   */
  async end(callId: CallId, cause: CallCause, given?: LegId): Promise<'won' | 'lost'> {
    this.#ended.add(callId);
    try {
      return await this.#inOrder(callId, () => this.#mark(callId, cause, given));
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      ignore(this.#deps.log, error, 'the call is marked as ended later');
      this.#markLater(callId, cause, given);
      return 'won';
    }
  }

  async #mark(callId: CallId, cause: CallCause, given?: LegId): Promise<'won' | 'lost'> {
    let outcome: 'won' | 'lost' = 'won';
    const stored = await this.#bucket.modify({ kind: 'call', id: callId }, (current) => {
      if (current?.kind !== 'call') {
        outcome = 'won';
        return 'keep';
      }
      outcome = current.call.state === 'ended' ? 'lost' : 'won';
      if (outcome === 'lost') return 'keep';
      // That it was answered may not be stored.
      const call =
        current.call.state === 'answered' ? current.call : { ...current.call, ...this.#unstored.get(callId) };
      const legs = call.legs.filter((id) => id !== given);
      return { set: { kind: 'call', call: { ...call, legs, state: 'ended', cause } }, isLast: true };
    });
    if (stored === undefined) this.#unstored.forget(callId);
    else this.#unstored.stored(callId);
    const legs = stored?.kind === 'call' ? stored.call.legs : [];
    this.#leftovers.add({ callId, strangers: strangers(callId, legs) });
    return outcome;
  }

  #markLater(callId: CallId, cause: CallCause, given?: LegId): void {
    this.#deps.clock.after(RETRY_MS, () => {
      this.#inOrder(callId, () => this.#mark(callId, cause, given)).catch((error: unknown) => {
        ignore(this.#deps.log, error, 'the call is marked as ended later');
        this.#markLater(callId, cause, given);
      });
    });
  }

  /** Removes what is left of an ended call; the sweep does what this does not get done. */
  async remove(callId: CallId, legs: readonly LegId[]): Promise<void> {
    try {
      await this.#inOrder(callId, async () => {
        // The call goes last: as long as it is there its legs can be found.
        await Promise.all(this.#unpoint(callId, legs));
        await this.#bucket.discard({ kind: 'call', id: callId });
      });
    } catch (error) {
      ignore(this.#deps.log, error, 'the record is removed by the sweep');
    }
    this.#ended.delete(callId);
  }

  /** Changes a call that is answered and ours in this epoch; whether it was. */
  async #modifyOurs(callId: CallId, epoch: number, change: (stored: CallRecord) => CallRecord): Promise<boolean> {
    const owner = this.#deps.owner();
    const isOurs = (record: CallRecord): boolean =>
      record.owner === owner && record.epoch === epoch && record.state === 'answered';
    const stored = await this.#bucket.modify({ kind: 'call', id: callId }, (current) =>
      current?.kind === 'call' && isOurs(current.call) ? { set: { kind: 'call', call: change(current.call) } } : 'keep',
    );
    return stored?.kind === 'call' && isOurs(stored.call);
  }

  /** Says of each leg that was made for another call that it is in this one. */
  #point({ callId, legs }: CallRecord): Promise<unknown>[] {
    return strangers(callId, legs).map((id) =>
      this.#bucket.modify({ kind: 'leg', id }, () => ({ set: { kind: 'leg', callId } })),
    );
  }

  #unpoint(callId: CallId, legs: readonly LegId[]): Promise<unknown>[] {
    return strangers(callId, legs).map((id) => this.#bucket.discard({ kind: 'leg', id }));
  }

  /** Runs writes about one call one after the other, whatever becomes of each. */
  #inOrder<T>(callId: CallId, write: () => Promise<T>): Promise<T> {
    const before = this.#writing.get(callId) ?? Promise.resolve();
    return this.#now(callId, before.then(write, write));
  }

  #now<T>(callId: CallId, now: Promise<T>): Promise<T> {
    const settled = now.then(
      () => undefined,
      () => undefined,
    );
    this.#writing.set(callId, settled);
    void settled.then(() => {
      if (this.#writing.get(callId) === settled) this.#writing.delete(callId);
    });
    return now;
  }
}

/** The legs that were not made for this call. */
function strangers(callId: CallId, legs: readonly LegId[]): readonly LegId[] {
  return legs.filter((legId) => callIdOf(legId) !== callId);
}
