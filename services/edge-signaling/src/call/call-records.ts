import { type Bucket, type Bus, BusError } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import {
  type CallCause,
  type CallDetail,
  type CallId,
  type CallRecord,
  callsBucket,
  EpochMs,
  type InstanceId,
  type LegId,
  type LegRecord,
  type Tenant,
} from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { isConnected } from '../leg/dialog.ts';
import { type Leg } from '../leg/leg.ts';
import { type CallTeller } from './call-ports.ts';
import { type EstablishedParts } from './established-call.ts';
import { holders, otherSide, type Session, type Side } from './session.ts';

type CallsBucket = Bucket<typeof callsBucket.pattern, typeof callsBucket.value>;

/** How long an ended call can still be looked up, so that a BYE that comes again is answered by any edge. */
export const ENDED_KEPT_MS = 40_000;
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
  readonly bus: Bus;
  readonly owner: () => InstanceId;
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

  constructor(deps: CallRecordsDeps) {
    this.#deps = deps;
    this.#bucket = deps.bus.bucket(callsBucket, { recalls: true });
  }

  /** Notes that a call is being set up, so that its end is told whatever becomes of this edge; returns at once. */
  begin({ tenant, callId, legId, from, to, startedAtMs, detail }: BegunCall): void {
    const times = { startedAt: EpochMs.parse(startedAtMs) };
    const ids = { tenant, callId, owner: this.#deps.owner(), epoch: 1, legs: [legId] };
    const call: CallRecord = { ...ids, ...times, from, to, state: 'routing', sequence: MAX_TOLD_BEFORE_ANSWER, detail };
    const key = { kind: 'call', id: callId };
    this.#inOrder(callId, async () => {
      const revision = await this.#bucket.replace(key, { kind: 'call', call }, 0);
      if (revision !== undefined) this.#begun.set(callId, revision);
    }).catch((error: unknown) => ignore(this.#deps.log, error, 'the call goes on without its record'));
  }

  /** The set-up is over without an answer; returns at once. */
  abandon(callId: CallId): void {
    this.#inOrder(callId, async () => {
      const revision = this.#begun.get(callId);
      this.#begun.delete(callId);
      if (revision !== undefined) await this.#bucket.remove(revision);
    }).catch((error: unknown) => ignore(this.#deps.log, error, 'the record is removed by the sweep'));
  }

  /** Keeps an answered call; returns at once. Without the bus the call goes on without its records. */
  keep(call: EstablishedParts, sequence: number, detail: CallDetail): void {
    const owner = this.#deps.owner();
    const { callId } = call;
    const record = { ...callRecord(call, owner, sequence), detail };
    const legs = [legRecord(call, 'caller', owner), legRecord(call, 'callee', owner)];
    // All at once, on one connection: none of them waits for the server.
    const write = (): Promise<unknown> => {
      const revision = this.#begun.get(callId) ?? 0;
      this.#begun.delete(callId);
      return Promise.all([
        ...legs.map((leg) => this.#bucket.replace({ kind: 'leg', id: leg.legId }, { kind: 'leg', leg }, 0)),
        this.#bucket.replace({ kind: 'call', id: callId }, { kind: 'call', call: record }, revision),
      ]);
    };
    // What was noted when the call began is long stored, as a rule, and nothing waits.
    const written = this.#writing.has(callId) ? this.#inOrder(callId, write) : this.#now(callId, write());
    written.catch((error: unknown) => ignore(this.#deps.log, error, 'the call goes on without its records'));
  }

  /** Notes how the session and the dialogs of a call are now; returns at once. */
  change({ callId, epoch, caller, callee }: EstablishedParts, session: Session, sequence: number): void {
    const owner = this.#deps.owner();
    const heldBy = holders(session);
    this.#inOrder(callId, async () => {
      const isOurs = (record: { owner: InstanceId; epoch: number }): boolean =>
        record.owner === owner && record.epoch === epoch;
      const stored = await this.#bucket.modify({ kind: 'call', id: callId }, (current) =>
        current?.kind === 'call' && current.call.state === 'answered' && isOurs(current.call)
          ? { set: { kind: 'call', call: { ...current.call, sequence, heldBy } } }
          : 'keep',
      );
      if (stored?.kind !== 'call' || stored.call.state !== 'answered' || !isOurs(stored.call)) return;
      await Promise.all(
        [caller, callee].map((leg) =>
          this.#bucket.modify({ kind: 'leg', id: leg.legId }, (current) =>
            current?.kind === 'leg' ? { set: { kind: 'leg', leg: withDialog(current.leg, leg, stored.call) } } : 'keep',
          ),
        ),
      );
    }).catch((error: unknown) => ignore(this.#deps.log, error, 'the records are of the session before'));
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
    const owner = this.#deps.owner();
    const { callId, epoch } = now;
    const present = { ...callRecord(now, owner, sequence), detail };
    const sides = [legRecord(now, 'caller', owner), legRecord(now, 'callee', owner)];
    const legs = edge === undefined ? sides : sides.map((leg) => ({ ...leg, edge: leg.edge ?? edge }));
    const gone = [before.caller.legId, before.callee.legId].filter((id) => !present.legs.includes(id));
    const written = this.#inOrder(callId, async () => {
      const isOurs = (record: CallRecord): boolean =>
        record.owner === owner && record.epoch === epoch && record.state === 'answered';
      const stored = await this.#bucket.modify({ kind: 'call', id: callId }, (current) =>
        current?.kind === 'call' && isOurs(current.call)
          ? { set: { kind: 'call', call: { ...current.call, ...present, ...parties(current.call, before, now) } } }
          : 'keep',
      );
      if (stored?.kind !== 'call' || !isOurs(stored.call)) return;
      await Promise.all([
        ...legs.map((leg) =>
          this.#bucket.modify({ kind: 'leg', id: leg.legId }, () => ({ set: { kind: 'leg', leg } })),
        ),
        ...gone.map((id) => this.#bucket.modify({ kind: 'leg', id }, () => 'remove')),
      ]);
    });
    await written.catch((error: unknown) => ignore(this.#deps.log, error, 'the records are of the pair before'));
  }

  /** Notes a call down as it is, for an edge that takes it over while our engine keeps its dialogs. */
  async lend(call: EstablishedParts, teller: Pick<CallTeller, 'sequence' | 'detail'>): Promise<void> {
    await this.repair(call, call, teller, this.#deps.owner());
  }

  /** The leg and its call; undefined when either is not stored, or the leg is in no call any more. Throws `BusUnavailableError`. */
  async find(legId: LegId): Promise<FoundLeg | undefined> {
    const leg = (await this.#bucket.get({ kind: 'leg', id: legId }))?.value;
    if (leg?.kind !== 'leg') return undefined;
    const entry = await this.#bucket.get({ kind: 'call', id: leg.leg.callId });
    if (entry?.value.kind !== 'call') return undefined;
    const { call } = entry.value;
    if (!call.legs.includes(legId)) return undefined;
    const state = this.#ended.has(call.callId) ? 'ended' : call.state;
    return { leg: leg.leg, call: { ...call, state }, revision: entry.revision };
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

  /** The other leg of a call. */
  async peerOf({ leg }: FoundLeg): Promise<LegRecord | undefined> {
    if (leg.peerLegId === undefined) return undefined;
    const peer = (await this.#bucket.get({ kind: 'leg', id: leg.peerLegId }))?.value;
    return peer?.kind === 'leg' ? peer.leg : undefined;
  }

  /** Makes the call ours, one epoch later; undefined when another edge was faster. Throws `BusUnavailableError`. */
  async adopt({ call, revision }: Pick<FoundLeg, 'call' | 'revision'>): Promise<CallRecord | undefined> {
    const mine = { ...call, owner: this.#deps.owner(), epoch: call.epoch + 1 };
    const written = await this.#bucket.replace(
      { kind: 'call', id: call.callId },
      { kind: 'call', call: mine },
      revision,
    );
    return written === undefined ? undefined : mine;
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
      const legs = current.call.legs.filter((id) => id !== given);
      return { set: { kind: 'call', call: { ...current.call, legs, state: 'ended', cause } } };
    });
    const legs = stored?.kind === 'call' ? stored.call.legs : [];
    this.#deps.clock.after(ENDED_KEPT_MS, () => void this.remove(callId, legs));
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
        // The call goes last: as long as it is there the legs can be found.
        await Promise.all(legs.map((id) => this.#bucket.modify({ kind: 'leg', id }, () => 'remove')));
        await this.#bucket.modify({ kind: 'call', id: callId }, () => 'remove');
      });
    } catch (error) {
      ignore(this.#deps.log, error, 'the records are removed by the sweep');
    }
    this.#ended.delete(callId);
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

function callRecord(call: EstablishedParts, owner: InstanceId, sequence: number): CallRecord {
  const { tenant, callId, epoch, caller, callee, node, mediaId, transfers, session, startedAtMs, answeredAtMs } = call;
  const heldBy = holders(session);
  return {
    tenant,
    callId,
    owner,
    epoch,
    state: 'answered',
    from: caller.dialog.remoteUri,
    to: caller.dialog.localUri,
    legs: [caller.legId, callee.legId],
    sequence,
    startedAt: EpochMs.parse(startedAtMs),
    answeredAt: EpochMs.parse(answeredAtMs),
    ...(node === undefined ? {} : { media: node }),
    ...(mediaId === undefined ? {} : { mediaId }),
    ...(transfers === 0 ? {} : { transfers, heldBy }),
  };
}

/** The record of a leg whose dialog is no longer what it was. */
function withDialog(record: LegRecord, { dialog }: Leg, { owner, epoch }: CallRecord): LegRecord {
  const { nextHop, routeSet, ...rest } = dialog;
  return { ...record, ...rest, owner, epoch, routeSet: [...routeSet], nextHop };
}

/** Who is on either side, where one is another party than before. */
function parties(
  { from, to }: CallRecord,
  before: EstablishedParts,
  { caller, callee }: EstablishedParts,
): Pick<CallRecord, 'from' | 'to'> {
  return before.caller === caller ? { from, to: callee.dialog.remoteUri } : { from: caller.dialog.remoteUri, to };
}

function legRecord(call: EstablishedParts, side: Side, owner: InstanceId): LegRecord {
  const { tenant, callId, epoch } = call;
  const leg = call[side];
  const peer = call[otherSide(side)];
  const { nextHop, routeSet, ...dialog } = leg.dialog;
  const edge = leg.edge ?? (isConnected(leg.dialog) ? owner : undefined);
  const user = call.users[side];
  return {
    tenant,
    callId,
    legId: leg.legId,
    peerLegId: peer.legId,
    owner,
    epoch,
    role: side === 'caller' ? 'uas' : 'uac',
    ...(user === undefined ? {} : { user }),
    ...(call.hidden[side] ? { hidden: true as const } : {}),
    profile: call.session[side].profile,
    sipCallId: leg.identity.callId,
    localTag: leg.legId,
    remoteTag: leg.identity.remoteTag,
    ...dialog,
    routeSet: [...routeSet],
    ...(nextHop === undefined ? {} : { nextHop }),
    ...(edge === undefined ? {} : { edge }),
    ...(leg.trace === undefined ? {} : { traceparent: leg.trace }),
  };
}
