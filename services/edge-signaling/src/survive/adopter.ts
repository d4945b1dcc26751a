import { type Clock } from '@callweave/clock';
import {
  type CallCause,
  type CallId,
  type CallRecord,
  type InstanceId,
  type LegRecord,
  type Tenant,
} from '@callweave/contracts';
import { type Outliving } from '@callweave/srf';
import { counter, type Logger } from '@callweave/telemetry';
import { type CallTeller, type Media } from '../call/call-ports.ts';
import { dialogsOf } from '../call/call-record.ts';
import { type CallRecords, type FoundLeg, type StoredCall } from '../call/call-records.ts';
import { type EstablishedCall } from '../call/established-call.ts';
import { type EstablishedCalls } from '../call/established-calls.ts';
import { type LeftCall, type LeftCalls } from '../call/left-calls.ts';
import { readQ850 } from '../call/q850.ts';
import { type SessionSide, type Side, SIDES } from '../call/session.ts';
import { AdoptedLeg } from '../leg/adopted-leg.ts';
import { engineDialogId, isConnected } from '../leg/dialog.ts';
import { type LegTable, type SendRequest, type SendThrough } from '../leg/leg.ts';
import { callsAdopted } from '../metrics.ts';
import { orElse } from '../remote-leg/or-else.ts';
import { follow } from './follow.ts';
import { type Whereabouts } from './whereabouts.ts';

const NODE_LOST: CallCause = { by: 'platform', reason: 'node-lost' };

/** Descriptions of media. */
type Said = Readonly<Partial<Record<Side, string | undefined>>>;

export interface AdopterDeps {
  readonly records: Pick<CallRecords, 'adopt' | 'end'>;
  readonly calls: EstablishedCalls;
  readonly legs: LegTable;
  readonly sendThrough: SendThrough;
  readonly whereabouts: Pick<Whereabouts, 'find'>;
  readonly owner: () => InstanceId;
  /** Whether a live edge speaks for this SIP engine. */
  readonly isAlive: (engine: InstanceId) => boolean;
  readonly media: Pick<Media, 'release'>;
  /** Tells the facts of a call on from where its last owner was. */
  readonly openTeller: (call: CallRecord) => CallTeller;
  /** Whether the engine finds a dialog by the tags of both sides too, as no drachtio-server does. */
  readonly knowsOurTags: () => boolean;
  /** What dead edges at this place could not store. */
  readonly left?: Pick<LeftCalls, 'answered' | 'departure' | 'invites' | 'isUnheard'>;
  /** Says for an engine that is gone what it cannot say any more. */
  readonly outliving?: Pick<Outliving, 'refuse' | 'cancel'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Takes calls over whose owner is gone: the record of the call is the claim, and only one edge gets it. */
export class Adopter {
  readonly #deps: AdopterDeps;
  readonly #adopted = counter(callsAdopted);
  /** Both sides of a call may speak up at the same moment. */
  readonly #under = new Map<CallId, Promise<EstablishedCall | undefined>>();

  constructor(deps: AdopterDeps) {
    this.#deps = deps;
  }

  /**
   * The call, in our hands from now on; undefined when another edge was faster. `said` is what both sides last said of
   * their media, if its last owner told. Throws `BusUnavailableError`.
   */
  adopt(found: FoundLeg, said: Said = {}): Promise<EstablishedCall | undefined> {
    const { callId } = found.call;
    const present = this.#deps.calls.byId(callId);
    if (present !== undefined) return Promise.resolve(present);
    const adopting = this.#under.get(callId) ?? this.#adopt(found, said).finally(() => this.#under.delete(callId));
    this.#under.set(callId, adopting);
    return adopting;
  }

  /**
   * Tells the end of a call that was never answered, of which no edge is left, and releases its media. One that was
   * answered after all goes on, unless its caller has not heard of it: then it is hung up. Throws `BusUnavailableError`.
   */
  async close(stored: Pick<StoredCall, 'call' | 'revision'>): Promise<void> {
    const { records, media, left, openTeller, log } = this.#deps;
    const answered = left?.answered(stored.call.callId);
    if (answered !== undefined) {
      const resumed = await this.#adopt({ call: answered.call, revision: stored.revision }, {});
      if (resumed !== undefined) void this.#settle(resumed, answered);
      return;
    }
    const call = await records.adopt(stored);
    if (call === undefined) return;
    log.info('call.closed', { callId: call.callId, from: stored.call.owner });
    openTeller(call).failed(NODE_LOST);
    // An engine that is alive has done so when its edge was gone.
    if (stored.call.owner !== this.#deps.owner()) this.#giveUp(call.callId);
    await media.release(call.tenant, call.callId, undefined);
    await records.end(call.callId, NODE_LOST);
  }

  /** Who rings for a call, and who waits for an answer, hear that there is none. */
  #giveUp(callId: CallId): void {
    const { left, outliving } = this.#deps;
    const { asked, called = [] } = left?.invites(callId) ?? {};
    for (const invite of called) outliving?.cancel(invite);
    if (asked !== undefined) outliving?.refuse(asked);
  }

  /** An answer that nobody has heard is taken back. */
  async #settle(resumed: EstablishedCall, { call, isAcknowledged }: LeftCall): Promise<void> {
    const [caller] = call.dialogs ?? [];
    if (isAcknowledged || (caller !== undefined && (await this.#isAnswered(caller)))) this.goOn(resumed);
    else resumed.hangUp(NODE_LOST);
  }

  /**
   * Whether the caller of a dialog has been answered, which only an engine that outlived the edge before us can know: it
   * keeps the dialog of an INVITE that it was given a 200 for, and has refused all others.
   */
  #isAnswered({ legId, sipCallId, remoteTag }: LegRecord): Promise<boolean> {
    const send = this.#deps.sendThrough(undefined);
    // An INVITE that was given to the edge after the one that died has another tag of ours.
    const tag = this.#deps.knowsOurTags() ? `;to-tag=${legId}` : '';
    const dialogId = `${engineDialogId(sipCallId, remoteTag)}${tag}`;
    return new Promise((resolve) => {
      send(
        { method: 'OPTIONS', uri: 'sip:placeholder', dialogId },
        {
          responded: ({ status }) => {
            if (status >= 200) resolve(status !== 481 && status !== 408);
          },
          failed: () => resolve(false),
        },
      );
    });
  }

  /** Goes on with a call of which nothing is stored, unless something is by now. Throws `BusUnavailableError`. */
  async resume(call: CallRecord): Promise<void> {
    const resumed = await this.#adopt({ call, revision: 0 }, {});
    if (resumed !== undefined) this.goOn(resumed);
  }

  /** Goes on with a call of ours where the edge that had it has stopped. */
  goOn(call: EstablishedCall): void {
    const { callId } = call.parts;
    const departure = this.#deps.left?.departure(callId);
    if (departure !== undefined) call.left(departure.left, undefined, departure.atMs);
    // An answer that its caller may not have heard is taken back.
    else if (this.#deps.left?.isUnheard(callId) === true) call.hangUp(NODE_LOST);
    // Somebody may have hung up while nobody listened.
    else call.probe();
  }

  /**
   * Lets a call go on whose side has lost its connection to a live engine, if its device is registered by another one
   * now; false when it is not.
   */
  async follow(call: EstablishedCall, side: Side): Promise<boolean> {
    const { whereabouts, log } = this.#deps;
    const { tenant, callId } = call.parts;
    const record = this.#recordOf(call, side);
    const { user, nextHop, remoteTarget, instanceId } = record;
    if (user === undefined || !isConnected({ nextHop })) return false;
    const way = await whereabouts.find({ tenant, user, remoteTarget, instanceId });
    if (way === undefined || way.nextHop === nextHop) return false;
    if (call.state !== 'talking') return true;
    log.info('call.followed', { callId, side, to: way.edge });
    this.#doWithoutEngine(call, [side]);
    return true;
  }

  /** Lets a call go on whose sides, one or both, were reached by an edge that is gone; false when none was. */
  outlive(call: EstablishedCall, edge: InstanceId): boolean {
    const { parts } = call;
    // Nobody else's device would be found anywhere.
    const lost = SIDES.filter((side) => parts[side].edge === edge && parts.users[side] !== undefined);
    // Whoever replaces a side ends its dialog.
    if (lost.length === 0 || call.replacing !== undefined || call.state !== 'talking') return false;
    this.#doWithoutEngine(call, lost);
    return true;
  }

  /** A leg for one request in the dialog of another, for want of the engine that has it. */
  standIn(call: EstablishedCall, side: Side): AdoptedLeg {
    const { tenant, epoch } = call.parts;
    return this.#leg(tenant, this.#recordOf(call, side), epoch + 1);
  }

  #recordOf({ parts }: EstablishedCall, side: Side): LegRecord {
    const [caller, callee] = dialogsOf(parts, this.#deps.owner());
    return side === 'caller' ? caller : callee;
  }

  #doWithoutEngine(call: EstablishedCall, sides: readonly Side[]): void {
    const { calls, legs } = this.#deps;
    const { parts } = call;
    const adopted = sides.map((side) => {
      const record = { ...this.#recordOf(call, side), edge: undefined };
      // Its engine may have counted further than it told.
      return [side, this.#leg(parts.tenant, record, parts.epoch + 1)] as const;
    });
    for (const [, leg] of adopted) legs.add(leg);
    void calls.repair(call, { ...parts, ...Object.fromEntries(adopted) });
    for (const [, leg] of adopted) leg.keepAlive();
  }

  /**
   * Tells the end of a call that is marked as ended and whose owner may have been gone before it told so; who told it
   * once more is not heard.
   */
  conclude({ call, storedAtMs }: StoredCall): void {
    const { cause = NODE_LOST, answeredAt } = call;
    if (answeredAt === undefined) return;
    this.#deps.openTeller(call).ended(cause, Math.max(0, storedAtMs - answeredAt), undefined);
  }

  async #adopt(found: Pick<FoundLeg, 'call' | 'revision'>, said: Said): Promise<EstablishedCall | undefined> {
    const [caller, callee] = found.call.dialogs ?? [];
    if (caller === undefined || callee === undefined) return undefined;
    const call = await this.#deps.records.adopt(found);
    if (call === undefined) return undefined;
    const { callId, owner, epoch } = call;
    this.#deps.log.info('call.adopted', { callId, from: found.call.owner, owner, epoch });
    this.#adopted.add(1);
    return this.#restore(call, [caller, callee], said);
  }

  #restore(
    record: CallRecord,
    [callerRecord, calleeRecord]: readonly [LegRecord, LegRecord],
    said: Said,
  ): EstablishedCall {
    const { calls, legs, openTeller } = this.#deps;
    const { tenant, callId, epoch, media, mediaId, transfers = 0, startedAt, answeredAt } = record;
    const caller = this.#leg(tenant, callerRecord, epoch);
    const callee = this.#leg(tenant, calleeRecord, epoch);
    const users = { caller: callerRecord.user, callee: calleeRecord.user };
    const applications = { caller: callerRecord.application, callee: calleeRecord.application };
    const hidden = { caller: callerRecord.hidden === true, callee: calleeRecord.hidden === true };
    const times = { startedAtMs: startedAt, answeredAtMs: answeredAt ?? startedAt };
    const side = ({ profile = 'rtp' }: LegRecord, name: Side): SessionSide => ({
      profile,
      sdp: said[name],
      holds: record.heldBy?.includes(name) ?? false,
    });
    const session = { caller: side(callerRecord, 'caller'), callee: side(calleeRecord, 'callee') };
    const sides = { users, applications, hidden, transfers, session };
    const parts = { tenant, callId, epoch, caller, callee, node: media, mediaId, ...sides, ...times };
    for (const each of [caller, callee]) legs.add(each);
    const call = calls.restore(parts, openTeller(record));
    for (const each of [caller, callee]) each.keepAlive();
    return call;
  }

  #leg(tenant: Tenant, { edge, ...record }: LegRecord, epoch: number): AdoptedLeg {
    const { calls, legs, isAlive, clock } = this.#deps;
    const { legId } = record;
    // What a dead engine knew of the dialog, the session's timers for one, is for us to do.
    const held = edge === undefined || !isAlive(edge) ? record : { ...record, edge };
    return new AdoptedLeg(held, {
      epoch,
      clock,
      send: this.#wayTo(tenant, { ...record, edge }),
      events: {
        bye: (bye) => calls.left(legId, readQ850(bye.header('reason'))),
        lost: () => calls.lost(legId),
        request: (request) => calls.relay(request, legId),
        acknowledged: (sdp) => calls.acknowledged(legId, sdp),
        renew: () => calls.renew(legId),
        disposed: () => legs.delete(legId),
      },
    });
  }

  #wayTo(tenant: Tenant, { edge, nextHop, user, remoteTarget, instanceId }: LegRecord): SendRequest {
    const { sendThrough, whereabouts, clock, log } = this.#deps;
    const last = sendThrough(edge);
    if (!isConnected({ nextHop })) return orElse(last, sendThrough(undefined));
    // Behind a connection of its own a peer is gone with the edge that had it, until it comes back by another one.
    if (user === undefined) return last;
    const device = { tenant, user, remoteTarget, instanceId };
    return follow({ find: () => whereabouts.find(device), last, sendThrough, clock, log });
  }
}
