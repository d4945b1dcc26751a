import { type Clock } from '@callweave/clock';
import { type LegId } from '@callweave/contracts';
import { isHold } from '@callweave/sdp';
import { copyText } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';
import { type CallTeller, type Media } from '../call/call-ports.ts';
import { between } from '../call/place.ts';
import { type EstablishedCall, type EstablishedParts, type Replacing } from '../call/established-call.ts';
import { type EstablishedCalls } from '../call/established-calls.ts';
import { exchange } from '../call/exchange.ts';
import { otherSide, type Session, type Side, tellHolds } from '../call/session.ts';
import { Machine } from '../machine.ts';
import { type Networks } from '../networks.ts';
import { type Doubts } from '../survive/doubts.ts';
import { introduce, type Introduced } from './introduce.ts';
import { type Met, meetBrowser } from './meet-browser.ts';
import { type Newcomer, type Search } from './newcomer.ts';
import { type TransferAction, type TransferInput, type TransferState, transferTable } from './transfer.table.ts';

/** Who wants the transfer, and is told of it. */
export interface Initiator {
  progress(status: number): void;
  failed(status: number): void;
  /** The newcomer has the place. */
  done(): void;
  /** Who was to be replaced has hung up by himself, with this cause if he named one. */
  left(q850?: number): void;
}

export interface TransferDeps {
  readonly calls: Pick<EstablishedCalls, 'repair'>;
  readonly doubts: Pick<Doubts, 'settle'>;
  readonly media: Media;
  readonly networks: Pick<Networks, 'ofLeg'>;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Which side of which call is replaced, and by whom. */
export interface TransferFacts {
  readonly call: EstablishedCall;
  readonly side: Side;
  readonly search: Search;
  readonly initiator: Initiator;
}

interface Detail {
  readonly status?: number;
  readonly newcomer?: Newcomer;
  readonly outcome?: Agreed;
}

type Agreed = Introduced & { readonly kind: 'agreed' };

/** Replaces one side of an answered call; until the other side has agreed the call stays what it was. */
export class Transfer implements Replacing {
  readonly #facts: TransferFacts;
  readonly #deps: TransferDeps;
  readonly #machine: Machine<TransferState, TransferInput, TransferAction, Detail>;
  #joining: Promise<void> = Promise.resolve();
  /** Who was to be replaced has hung up, with this cause. */
  #left: { readonly q850: number | undefined } | undefined;

  /** Claims the call, which must not be claimed yet. */
  constructor(facts: TransferFacts, deps: TransferDeps) {
    this.#facts = facts;
    this.#deps = deps;
    this.#machine = new Machine(transferTable, 'seeking', this.#actions);
    facts.call.replacing = this;
  }

  start(): void {
    this.#facts.initiator.progress(100);
    this.#facts.search.start({
      progress: (status) => this.#machine.feed('progress', { status }),
      found: (newcomer) => this.#machine.feed('found', { newcomer }),
      failed: (status) => this.#machine.feed('failed', { status }),
    });
  }

  /** Whoever is about to be replaced may leave before. */
  left(side: Side, q850?: number): boolean {
    if (side !== this.#facts.side) return false;
    this.#left = { q850 };
    this.#facts.initiator.left(q850);
    return true;
  }

  over(): void {
    this.#machine.feed('over', { status: 487 });
  }

  dropped(): void {
    this.#machine.feed('dropped', {});
  }

  async #join(found: Newcomer): Promise<void> {
    const { call } = this.#facts;
    const { media, doubts } = this.#deps;
    if (!(await call.occupy()) || !(await doubts.settle(call)) || !this.#isJoining()) return;
    const { outcome, newcomer } = await this.#meet(found);
    const { tenant } = call.parts;
    if (outcome.kind === 'agreed' && this.#isJoining()) {
      this.#machine.feed('joined', { newcomer, outcome });
      newcomer.answer(outcome.sdp);
      // Where it was until the browser that remains was asked.
      if (newcomer.mediaId !== found.mediaId) void media.release(tenant, found.mediaId, found.node);
      return;
    }
    if (outcome.node !== undefined) void media.release(tenant, newcomer.mediaId, outcome.node);
    if (outcome.kind === 'agreed' || outcome.isHalfDone) await this.#undo();
    if (outcome.kind === 'agreed') return;
    this.#machine.feed('failed', { status: outcome.status });
    if (outcome.isGone) call.lost('unreachable', otherSide(this.#facts.side));
  }

  #isJoining(): boolean {
    return this.#machine.state === 'joining';
  }

  async #meet(newcomer: Newcomer): Promise<Met> {
    const { call, side } = this.#facts;
    const { media, networks: where, clock, random } = this.#deps;
    const remaining = otherSide(side);
    const { tenant, callId, mediaId = callId, [remaining]: leg } = call.parts;
    const { profile } = call.session[remaining];
    const places = between(where.ofLeg(newcomer.leg), where.ofLeg(leg));
    const isWanted = (): boolean => this.#isJoining();
    const meeting = { tenant, remaining: leg, profile, places, media, isWanted, random, clock };
    if (profile === 'webrtc' && newcomer.node !== undefined) return meetBrowser(meeting, newcomer, mediaId);
    const known = { ...newcomer, legId: newcomer.leg.legId };
    return { outcome: await introduce({ ...meeting, newcomer: known }), newcomer };
  }

  /** The side that remains has agreed to somebody who does not come: it is asked to go back. */
  async #undo(): Promise<void> {
    const { call, side } = this.#facts;
    const { parts, session } = call;
    const { node, mediaId = parts.callId } = parts;
    const { sdp } = session[side];
    if (node === undefined || sdp === undefined || call.state === 'ended') return;
    const place = { ...parts, callId: mediaId, node, media: this.#deps.media };
    const undone = await exchange(place, session, { from: side, method: 'INVITE', sdp });
    if (undone.kind !== 'answered') this.#deps.log.warn('transfer.not-undone', { callId: parts.callId, by: side });
  }

  #repair(newcomer: Newcomer, { node, answer, response }: Agreed): void {
    const { call, side, search, initiator } = this.#facts;
    const { calls, media, log } = this.#deps;
    const before = call.parts;
    const { leg, user, application, isHidden, profile, replaces, mediaId } = newcomer;
    const remaining = otherSide(side);
    before[remaining].refreshTarget(response);
    const here = { profile, sdp: newcomer.sdp, holds: isHold(newcomer.sdp) };
    const there = { ...call.session[remaining], sdp: copyText(answer), holds: isHold(answer) };
    const session: Session = side === 'caller' ? { caller: here, callee: there } : { caller: there, callee: here };
    const parts: EstablishedParts = {
      ...before,
      [side]: leg,
      users: { ...before.users, [side]: user },
      applications: { ...before.applications, [side]: application },
      hidden: { ...before.hidden, [side]: isHidden },
      ...{ late: undefined, untold: undefined },
      transfers: before.transfers + 1,
      node,
      mediaId,
      session,
    };
    const { tenant, callId } = before;
    noteNewcomer(call.teller, newcomer, before[side].legId);
    log.info('call.transferred', { callId, by: side, legId: leg.legId, replaces });
    // The journal line comes before anything else is done about it.
    call.teller.transferred({ by: side, legId: leg.legId, party: leg.dialog.remoteUri, media: node, replaces });
    tellHolds(call.teller, call.session, session);
    call.replacing = undefined;
    const stored = calls.repair(call, parts);
    search.kept(stored);
    if (before.node !== undefined) void media.release(tenant, before.mediaId ?? callId, before.node);
    // Until the records know better, whoever takes the call over would look for him who is replaced.
    void stored.then(() => initiator.done());
  }

  /** The call goes on as it was; without who has left it meanwhile it is over. */
  async #resume(): Promise<void> {
    const { call, side } = this.#facts;
    await this.#joining;
    call.replacing = undefined;
    call.vacate();
    if (this.#left !== undefined && call.state === 'talking') call.left(side, this.#left.q850);
  }

  readonly #actions: Readonly<Record<TransferAction, (detail: Detail) => void>> = {
    tellProgress: ({ status = 180 }) => this.#facts.initiator.progress(status),
    join: ({ newcomer }) => {
      if (newcomer === undefined) return;
      this.#joining = this.#join(newcomer).catch((error: unknown) => {
        this.#deps.log.error('transfer.failed', { callId: this.#facts.call.parts.callId, err: error });
        this.#machine.feed('failed', { status: 500 });
      });
    },
    repair: ({ newcomer, outcome }) => {
      if (newcomer !== undefined && outcome !== undefined) this.#repair(newcomer, outcome);
    },
    giveUp: ({ status = 500 }) => this.#facts.search.stop(status),
    resume: () => void this.#resume(),
    tellFailure: ({ status = 500 }) => this.#facts.initiator.failed(status),
    dispose: () => undefined,
  };
}

/** The record of the call has both: who was replaced until now, and who came from now on. */
function noteNewcomer(teller: CallTeller, { leg, user }: Newcomer, replaced: LegId): void {
  const { legId } = leg;
  teller.note({ kind: 'over', legId: replaced });
  const isKnown = teller.detail.legs.some((known) => known.legId === legId);
  if (!isKnown) teller.note({ kind: 'invited', legId, device: leg.dialog.remoteTarget, user });
  teller.note({ kind: 'answered', legId });
}
