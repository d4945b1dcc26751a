import { type Clock } from '@callweave/clock';
import {
  type Application,
  type CallCause,
  type CallId,
  type LegId,
  type MediaNodeId,
  type Tenant,
  type User,
} from '@callweave/contracts';
import { type IncomingRequest } from '@callweave/srf';
import { type Logger } from '@callweave/telemetry';
import { type Leg } from '../leg/leg.ts';
import { Machine } from '../machine.ts';
import { type CallFaults, type CallTeller, type Media } from './call-ports.ts';
import {
  type EstablishedAction,
  establishedCallTable,
  type EstablishedInput,
  type EstablishedState,
} from './established-call.table.ts';
import { endingMedia } from './ending-media.ts';
import { type ExchangePlace, sessionHeaders } from './exchange.ts';
import { type LateOffer } from './late-offer.ts';
import { type LeftWord } from './left-calls.ts';
import { readSessionRequest } from './session-request.ts';
import { reasonOf, TEMPORARY_FAILURE } from './q850.ts';
import { relayRequest } from './relay.ts';
import { SessionChanges } from './session-changes.ts';
import { otherSide, type Session, type Side, SIDES } from './session.ts';

/** What a call is once it is answered; its records hold the same. */
export interface EstablishedParts {
  readonly tenant: Tenant;
  readonly callId: CallId;
  /** How often it has changed owner, from 1. */
  readonly epoch: number;
  readonly caller: Leg;
  readonly callee: Leg;
  readonly node: MediaNodeId | undefined;
  /** Under which id the node holds the media, when not that of the call. */
  readonly mediaId?: CallId | undefined;
  /** Whose devices they are; an application is nobody's. */
  readonly users: Readonly<Record<Side, User | undefined>>;
  /** What those that are no devices do with the call. */
  readonly applications: Readonly<Partial<Record<Side, Application | undefined>>>;
  /** Who wishes that nobody learns who he is. */
  readonly hidden: Readonly<Record<Side, boolean>>;
  /** How often a side was replaced. */
  readonly transfers: number;
  /** As it was answered, or as its last owner left it. */
  readonly session: Session;
  /** What the callee answered with, when the caller left the offer to him: the ACK is to answer it. */
  readonly late?: LateOffer | undefined;
  /** Whose description the other side does not know yet, and is told once it has acknowledged. */
  readonly untold?: Side | undefined;
  readonly startedAtMs: number;
  readonly answeredAtMs: number;
}

/** Where the media of a call is, and what both sides have agreed to there. */
export type MediaPlace = Required<Pick<EstablishedParts, 'node' | 'mediaId' | 'session'>>;

/** Somebody is replacing one side of a call. */
export interface Replacing {
  /** A side hung up, with this cause if it named one; true when that does not end the call for now. */
  left(side: Side, q850?: number): boolean;
  /** The call is over. */
  over(): void;
  /** Another edge has the call. */
  dropped(): void;
}

/** What all answered calls have in common. */
export interface EstablishedDeps {
  readonly media: Media;
  /** A REFER of one side. */
  readonly refer: (request: IncomingRequest, from: Side, call: EstablishedCall) => Promise<void>;
  /** Has the application of a side begin anew elsewhere, whose server is gone; false when the call cannot wait for it. */
  readonly resume?: ((call: EstablishedCall, side: Side) => boolean) | undefined;
  /** Its session or a dialog is another than before. */
  readonly changed: (call: EstablishedCall, session: Session) => void;
  /** Marks the call as ended where every edge sees it; `lost` when somebody else has done so before. */
  readonly markEnded: (callId: CallId, cause: CallCause, given?: LegId) => Promise<'won' | 'lost'>;
  /** Leaves word to the next edge at this place. */
  readonly leave?: ((callId: CallId, word: LeftWord) => void) | undefined;
  readonly faults?: CallFaults;
  readonly clock: Clock;
  readonly log: Logger;
  readonly disposed: (call: EstablishedCall) => void;
}

interface Detail {
  readonly cause?: CallCause;
  /** Takes the call on. */
  readonly successor?: () => void;
  /** The side that is in another call now, and when the records of that one say so. */
  readonly given?: Side;
  readonly stored?: Promise<void>;
  /** When it was over, epoch ms; now unless said. */
  readonly atMs?: number | undefined;
}

const UNAVAILABLE: CallCause = { by: 'platform', reason: 'unavailable' };

/** An answered call: two legs, media between, and one end. */
export class EstablishedCall {
  readonly teller: CallTeller;
  readonly #deps: EstablishedDeps;
  readonly #machine: Machine<EstablishedState, EstablishedInput, EstablishedAction, Detail, EstablishedCall>;
  readonly #changes: SessionChanges;
  #parts: EstablishedParts;
  readonly #media: Media;
  /** Ended, and not another edge's. */
  #isOver = false;
  #ending: Promise<void> = Promise.resolve();
  #replacing: Replacing | undefined;
  #whenLeft: (() => void) | undefined;

  constructor(parts: EstablishedParts, teller: CallTeller, deps: EstablishedDeps) {
    this.#parts = parts;
    this.teller = teller;
    this.#deps = deps;
    this.#machine = new Machine(establishedCallTable, 'talking', EstablishedCall.#actions, this);
    const { changed, media, faults, clock, log } = deps;
    this.#media = endingMedia(media, { isLeft: () => this.state === 'ended', isOver: () => this.#isOver });
    const changing = {
      place: () => this.#place,
      teller,
      changed: (session: Session) => changed(this, session),
      gone: (sipStatus: number, side?: Side) => {
        if (side === undefined || !this.#resume(side))
          this.hangUp({ by: 'platform', reason: 'unreachable', sipStatus });
      },
      isReplaceable: (side: Side) => this.#isReplaceable(side),
      random: Math.random,
      faults,
      clock,
      log,
    };
    this.#changes = new SessionChanges(parts.session, changing, parts);
  }

  get parts(): EstablishedParts {
    return this.#parts;
  }

  /** Resolves when an end that has begun is stored and told. */
  get ending(): Promise<void> {
    return this.#ending;
  }

  get state(): EstablishedState {
    return this.#machine.state;
  }

  get session(): Session {
    return this.#changes.session;
  }

  /** Who replaces a side now; one at a time. */
  get replacing(): Replacing | undefined {
    return this.#replacing;
  }

  set replacing(replacing: Replacing | undefined) {
    this.#replacing = replacing;
  }

  /** Whether nobody is changing its session now. */
  get isSteady(): boolean {
    return this.#changes.isSteady;
  }

  /** Keeps both dialogs from changing their session by themselves; false when the call is over first. */
  occupy(): Promise<boolean> {
    return this.#changes.occupy();
  }

  /** Lets them again. */
  vacate(): void {
    this.#whenLeft = undefined;
    this.#changes.vacate();
  }

  /** Has whoever occupies both dialogs told when the call ends here meanwhile, or is another edge's. */
  onLeft(tell: () => void): void {
    this.#whenLeft = tell;
  }

  /** Has one side describe its session anew, and the other agree to it once more. */
  renew(side: Side): Promise<'accepted' | 'refused' | 'gone'> {
    return this.#changes.renew(side);
  }

  /** Its media is elsewhere from now on; both dialogs are occupied. */
  move(to: MediaPlace): void {
    this.#whenLeft = undefined;
    this.#parts = { ...this.#parts, ...to };
    this.#changes.moved(to.session);
  }

  /** Hands the call on to `successor`, which has another party on one side. */
  repair(successor: () => void): void {
    this.#machine.feed('repaired', { successor });
  }

  /** Ends the call for the other side: `side` is in another one, whose records say so when `stored`. */
  give(side: Side, stored: Promise<void>): void {
    this.#machine.feed('given', { given: side, stored, cause: { by: otherSide(side), reason: 'hang-up' } });
  }

  /** One side hung up; its BYE is answered. `atMs` (epoch): another edge answered it, then. */
  left(side: Side, q850?: number, atMs = this.#deps.clock.epochMs()): void {
    if (this.#replacing?.left(side, q850) === true) return;
    if (q850 === TEMPORARY_FAILURE && this.#resume(side)) return;
    this.#deps.leave?.(this.parts.callId, { left: side, atMs });
    this.#deps.faults?.pass('in-bye');
    this.hangUp({ by: side, reason: 'hang-up', ...(q850 === undefined ? {} : { q850 }) }, atMs);
  }

  /** This side cannot be reached any more; without one, nobody knows which. */
  lost(reason: CallCause['reason'] = 'unreachable', side?: Side): void {
    if (side === undefined || !this.#resume(side)) this.hangUp({ by: 'platform', reason });
  }

  #resume(side: Side): boolean {
    if (!this.#isReplaceable(side) || this.state === 'ended') return false;
    return this.#deps.resume?.(this, side) ?? false;
  }

  /**
   * Asks both sides whether they still have the call: while nobody listened one may have hung up. What does not answer
   * on a connection may come back by itself.
   */
  probe(): void {
    for (const side of SIDES) {
      // An application is asked in its own way.
      if (this.#isReplaceable(side)) continue;
      const leg = this.parts[side];
      const isGone = (status: number): boolean => status === 481 || (status === 408 && isDatagram(leg));
      const responded = ({ status }: { status: number }): void => {
        if (isGone(status)) this.lost('node-lost', side);
      };
      leg.request({ method: 'OPTIONS' }, { responded, failed: () => undefined });
    }
  }

  /** Whether this side would be replaced if it were gone, and who talks to it must not take it for gone. */
  #isReplaceable(side: Side): boolean {
    return this.parts.applications[side] !== undefined;
  }

  /** Ends the call towards both sides; `atMs` (epoch): it was over then. */
  hangUp(cause: CallCause, atMs?: number): void {
    this.#machine.feed('over', { cause, atMs });
  }

  /** Lets go of the call without a word: another edge has it. */
  supersede(): void {
    this.#machine.feed('superseded', {});
  }

  /** Passes a request inside the dialog of one side on to the other. */
  async relay(request: IncomingRequest, from: Side): Promise<void> {
    const session = readSessionRequest(request);
    if (this.state === 'ended') await request.reply({ status: 481 });
    else if (session.kind === 'refuse') await request.reply(session.reply);
    else if (session.kind === 'offer') this.#changes.offer(request, from, session.sdp);
    else if (session.kind === 'ask') this.#changes.offer(request, from, undefined);
    else if (request.method === 'REFER') await this.#deps.refer(request, from, this);
    else if (request.method === 'UPDATE') await this.#refreshed(request, from);
    else await relayRequest(request, this.parts[otherSide(from)], this.#isReplaceable(otherSide(from)));
  }

  /** An UPDATE without a session says where a side is, and that it is: the other need not hear of it. RFC 3311 §5.1 */
  async #refreshed(request: IncomingRequest, from: Side): Promise<void> {
    const { Contact, Allow, Supported } = sessionHeaders;
    await request.reply({ status: 200, headers: { Contact, Allow, Supported } });
    const leg = this.parts[from];
    const before = JSON.stringify(leg.dialog);
    leg.refreshTarget(request);
    if (JSON.stringify(leg.dialog) !== before) this.#deps.changed(this, this.session);
  }

  /** One side has acknowledged a 2xx, with `sdp` if its ACK had a body. */
  acknowledged(by: Side, sdp: string | undefined): void {
    this.#changes.acknowledged(by, sdp);
  }

  get #place(): ExchangePlace | undefined {
    const { node, callId, mediaId = callId } = this.#parts;
    return node === undefined ? undefined : { ...this.#parts, callId: mediaId, node, media: this.#media };
  }

  async #end({ cause = UNAVAILABLE, given, stored, atMs = this.#deps.clock.epochMs() }: Detail): Promise<void> {
    const { tenant, callId, mediaId = callId, node, answeredAtMs } = this.parts;
    const { media, markEnded, log } = this.#deps;
    const durationMs = Math.max(0, atMs - answeredAtMs);
    // Or nobody could find who went, if this edge died now.
    await stored;
    const kept = given === undefined ? undefined : this.parts[given].legId;
    if ((await markEnded(callId, cause, kept)) === 'lost') {
      log.info('call.ended-elsewhere', { callId });
      return;
    }
    const relayed = node === undefined ? undefined : await media.release(tenant, mediaId, node);
    this.teller.ended(cause, durationMs, relayed);
  }

  /** The call leaves our hands when its media is released and its end is told. */
  async #dispose(): Promise<void> {
    await this.#ending;
    this.#deps.disposed(this);
  }

  static readonly #actions: Readonly<Record<EstablishedAction, (detail: Detail, call: EstablishedCall) => void>> = {
    endTransfer: (_detail, call) => call.#replacing?.over(),
    dropTransfer: (_detail, call) => call.#replacing?.dropped(),
    endChange: (_detail, call) => {
      call.#changes.close();
      call.#whenLeft?.();
    },
    hangUpCaller: ({ cause = UNAVAILABLE }, call) => call.parts.caller.hangUp(reasonOf(cause)),
    hangUpCallee: ({ cause = UNAVAILABLE }, call) => call.parts.callee.hangUp(reasonOf(cause)),
    hangUpLeft: ({ given }, call) => {
      if (given !== undefined) call.parts[otherSide(given)].hangUp();
    },
    handOn: ({ successor }) => successor?.(),
    dropLegs: (_detail, call) => {
      call.parts.caller.drop();
      call.parts.callee.drop();
    },
    end: (detail, call) => {
      const { callId } = call.parts;
      call.#isOver = true;
      call.#ending = call.#end(detail).catch((error: unknown) => {
        call.#deps.log.error('call.end-failed', { callId, err: error });
      });
    },
    dispose: (_detail, call) => void call.#dispose(),
  };
}

function isDatagram({ dialog: { nextHop, remoteTarget } }: Leg): boolean {
  return !/;transport=(tcp|tls|wss?)\b/i.test(nextHop ?? remoteTarget);
}
