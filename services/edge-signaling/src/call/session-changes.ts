import { type Clock, sleep, type Timer } from '@callweave/clock';
import { isHold } from '@callweave/sdp';
import { copyText } from '@callweave/sip';
import { type IncomingRequest, type Reply, type SentRequest } from '@callweave/srf';
import { ignore, type Logger } from '@callweave/telemetry';
import { Machine } from '../machine.ts';
import { unavailable } from '../unavailable.ts';
import { type CallFaults, type CallTeller } from './call-ports.ts';
import { type Exchanged, exchange, type ExchangePlace, restoreMedia, sessionHeaders } from './exchange.ts';
import { answerLate, askForOffer, type LateOffer, type Offered, renewSession } from './late-offer.ts';
import { type ChangeAction, type ChangeInput, type ChangeState, sessionChangesTable } from './session-changes.table.ts';
import { otherSide, type Session, type Side, tellHolds } from './session.ts';

/** As long as a 2xx is repeated for want of its ACK, RFC 3261 §13.3.1.4. */
const ACK_MS = 32_000;
/** Longest a side is told to wait that offers twice, RFC 3261 §14.2. */
const MAX_RETRY_SEC = 10;

/** How often a side is told again that changes its session itself at that moment, and how long after at most. RFC 3261 §14.1 */
const TELL_ATTEMPTS = 3;
const GLARE_MS = 2_000;

/** What is left to do when a call has just been answered. */
interface Unfinished {
  readonly late?: LateOffer | undefined;
  readonly untold?: Side | undefined;
}

export interface SessionChangesDeps {
  /** As it is now; undefined when no node holds the media of the call. */
  readonly place: () => ExchangePlace | undefined;
  readonly teller: Pick<CallTeller, 'held' | 'resumed'>;
  /** The session or a dialog is another than before. */
  readonly changed: (session: Session) => void;
  /** The call cannot go on: one side has no such dialog any more, or both have no session. */
  readonly gone: (status: number, side?: Side) => void;
  /** Whether this side is replaced when it is gone. */
  readonly isReplaceable: (side: Side) => boolean;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly faults?: CallFaults;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A request that changes the session, until it is answered. */
interface Change {
  readonly request: IncomingRequest;
  readonly from: Side;
  /** Undefined when the offer is left to the other side. */
  readonly sdp: string | undefined;
  isAnswered: boolean;
  isCancelled: boolean;
  sent: SentRequest | undefined;
}

type Detail = Partial<Pick<Change, 'request' | 'from' | 'sdp'>>;

/** The dialogs that a change goes through have all answered it. */
type Answered = Exchanged & { readonly kind: 'answered' };

/** Changes of an answered call's session, one at a time: the offer of one side, the answer of the other. */
export class SessionChanges {
  readonly #deps: SessionChangesDeps;
  readonly #machine: Machine<ChangeState, ChangeInput, ChangeAction, Detail, SessionChanges>;
  #session: Session;
  #change: Change | undefined;
  #ackTimer: Timer | undefined;
  /** Those who wait until no change is under way. */
  readonly #waiting: ((isOpen: boolean) => void)[] = [];
  /** The answer to it is still to come. */
  #late: LateOffer | undefined;

  /**
   * With `late` the call was answered with that offer, and the caller's ACK is to answer it. What the side `untold` says
   * of itself the other is told once its caller has acknowledged.
   */
  constructor(session: Session, deps: SessionChangesDeps, { late, untold }: Unfinished = {}) {
    this.#session = session;
    this.#deps = deps;
    this.#late = late;
    const begin = untold !== undefined ? 'callerConfirms' : late === undefined ? 'steady' : 'callerAnswers';
    this.#machine = new Machine(sessionChangesTable, begin, SessionChanges.#actions, this);
    if (untold === undefined) return;
    this.#tell(untold).catch((error: unknown) => {
      deps.log.error('session.tell-failed', { callId: deps.place()?.callId, err: error });
    });
  }

  /** A re-INVITE or UPDATE of one side: with its offer, or an INVITE that asks the other side for one. */
  offer(request: IncomingRequest, from: Side, sdp: string | undefined): void {
    const copied = sdp === undefined ? undefined : copyText(sdp);
    this.#feed(from === 'caller' ? 'callerOffer' : 'calleeOffer', { request, from, sdp: copied });
  }

  /** One side has acknowledged a 2xx, with `sdp` if its ACK had a body. */
  acknowledged(by: Side, sdp: string | undefined): void {
    this.#feed(by === 'caller' ? 'callerAck' : 'calleeAck', { sdp });
  }

  /** Whether no change is under way. */
  get isSteady(): boolean {
    return this.#machine.state === 'steady';
  }

  /** As it is agreed to now. */
  get session(): Session {
    return this.#session;
  }

  /**
   * Keeps both dialogs for a change that neither side asked for, as soon as no other is under way; false when the call
   * is over first.
   */
  occupy(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#admit();
    });
  }

  /** Has one side describe its session anew, which nobody need know, and the other agree to that. RFC 4028 §7.4 */
  async renew(side: Side): Promise<'accepted' | 'refused' | 'gone'> {
    if (!(await this.occupy())) return 'refused';
    const place = this.#deps.place();
    if (place === undefined) {
      this.vacate();
      return 'refused';
    }
    const renewed = await renewSession(place, this.#session, side);
    this.vacate();
    if (renewed.kind !== 'answered') return renewed.kind === 'refused' && renewed.isGone ? 'gone' : 'refused';
    const { offer, answer } = renewed;
    place[side].refreshTarget(offer.response);
    place[otherSide(side)].refreshTarget(answer.response);
    this.#agree(side, offer.sdp, answer.sdp);
    return 'accepted';
  }

  /** Both sides have agreed to the same by way of another node, while their dialogs were occupied. */
  moved(session: Session): void {
    this.#session = session;
  }

  /** Frees both dialogs. */
  vacate(): void {
    this.#feed('vacate', {});
  }

  /** The call is over; whoever waits for an answer is told so. */
  close(): void {
    this.#feed('close', {});
  }

  /** Offers one side what the other says of itself. */
  async #tell(from: Side): Promise<void> {
    if (!(await this.occupy())) return;
    const { random, clock, log } = this.#deps;
    const place = this.#deps.place();
    const { sdp } = this.#session[from];
    if (place === undefined || sdp === undefined) {
      this.vacate();
      return;
    }
    for (let attempt = 1; this.#machine.state === 'occupied'; attempt++) {
      const told = await exchange(place, this.#session, { from, method: 'INVITE', sdp });
      if (told.kind === 'answered') {
        place[otherSide(from)].refreshTarget(told.response);
        this.#agree(from, sdp, told.answer);
        break;
      }
      if (told.reply.status !== 491 || attempt === TELL_ATTEMPTS) {
        log.warn('session.not-told', { callId: place.callId, status: told.reply.status });
        break;
      }
      await sleep(clock, GLARE_MS * random());
    }
    this.vacate();
  }

  #feed(input: ChangeInput, detail: Detail): void {
    this.#machine.feed(input, detail);
    this.#admit();
  }

  #admit(): void {
    if (this.#waiting.length === 0) return;
    if (this.#machine.state === 'closed') for (const resolve of this.#waiting.splice(0)) resolve(false);
    else if (this.#machine.accepts('occupy')) {
      this.#machine.feed('occupy', {});
      this.#waiting.shift()?.(true);
    }
  }

  async #run(change: Change): Promise<void> {
    const place = this.#deps.place();
    if (place === undefined) {
      await this.#refuse(change, { status: 488 });
      return;
    }
    const { from, sdp } = change;
    const underWay = (sent: SentRequest): void => {
      change.sent = sent;
      if (change.isCancelled) sent.cancel();
    };
    const method = change.request.method === 'UPDATE' ? 'UPDATE' : 'INVITE';
    const exchanged =
      sdp === undefined
        ? await askForOffer(place, this.#session, from, { underWay, isOver: () => this.#machine.state === 'closed' })
        : await exchange(place, this.#session, { from, method, sdp, underWay });
    if (exchanged.kind === 'offered') this.#late = exchanged.late;
    if (this.#machine.state === 'closed') this.#letGo();
    else if (exchanged.kind === 'offered') await this.#askForAnswer(change, place, exchanged);
    else if (exchanged.kind === 'answered') await this.#accept(change, place, exchanged, sdp ?? '');
    else if (exchanged.kind === 'refused' && exchanged.isGone) {
      const to = otherSide(from);
      await this.#refuse(change, this.#deps.isReplaceable(to) ? unavailable() : exchanged.reply);
      this.#deps.gone(exchanged.reply.status, to);
    } else {
      if (exchanged.kind === 'refused') await restoreMedia(place, this.#session, change.from);
      if (exchanged.kind === 'half-done') await this.#undo(change, place);
      await this.#refuse(change, exchanged.reply);
    }
  }

  async #accept(change: Change, place: ExchangePlace, exchanged: Answered, offer: string): Promise<void> {
    const { request, from } = change;
    const { answer, response } = exchanged;
    if (change.isCancelled) {
      await this.#undo(change, place);
      this.#feed('settled', {});
      return;
    }
    this.#deps.faults?.pass('in-reinvite');
    // Before the answer leaves: what the side that asked does next may be here before we are told that it has left.
    this.#feed(request.method === 'INVITE' ? 'accepted' : 'settled', {});
    if (!(await this.#reply(change, { status: 200, headers: sessionHeaders, body: exchanged.sdp }))) {
      await this.#undo(change, place);
      this.#feed('settled', {});
      return;
    }
    const to = otherSide(from);
    place[from].refreshTarget(request);
    place[to].refreshTarget(response);
    this.#agree(from, offer, answer);
  }

  #agree(from: Side, offer: string, answer: string): void {
    const to = otherSide(from);
    const before = this.#session;
    const offers = { ...before[from], sdp: offer, holds: isHold(offer) };
    // Whoever is kept on hold has no say in it: what he answers says nothing of himself.
    const holds = offers.holds ? before[to].holds : isHold(answer);
    const answers = { ...before[to], sdp: copyText(answer), holds };
    this.#session = from === 'caller' ? { caller: offers, callee: answers } : { caller: answers, callee: offers };
    tellHolds(this.#deps.teller, before, this.#session);
    this.#deps.changed(this.#session);
  }

  /** Passes the other side's offer on to the one that asked for it; its ACK is to answer. */
  async #askForAnswer(
    change: Change,
    place: ExchangePlace,
    { sdp, response }: Offered & { readonly kind: 'offered' },
  ): Promise<void> {
    const { request, from } = change;
    if (!change.isCancelled) this.#feed('asked', {});
    if (change.isCancelled || !(await this.#reply(change, { status: 200, headers: sessionHeaders, body: sdp }))) {
      this.#letGo();
      await this.#undo(change, place);
      this.#feed('settled', {});
      return;
    }
    place[from].refreshTarget(request);
    place[otherSide(from)].refreshTarget(response);
  }

  /** The ACK is here, and with it the answer to the other side's offer; without one there is no session. */
  async #answerLate(sdp: string | undefined): Promise<void> {
    const { gone } = this.#deps;
    const place = this.#deps.place();
    const late = this.#late;
    if (late === undefined || place === undefined) return;
    const outcome = sdp === undefined ? 'unusable' : await answerLate(place, this.#session, late, copyText(sdp));
    this.#letGo();
    if (this.#machine.state === 'closed') return;
    this.#feed('settled', {});
    if (outcome === 'anchored' && sdp !== undefined) this.#agree(late.by, copyText(late.sdp), sdp);
    else gone(outcome === 'unusable' ? 488 : 503);
  }

  /** Whoever offered waits for an acknowledgement, whatever becomes of his offer. RFC 3261 §13.2.2.4 */
  #letGo(): void {
    this.#late?.acknowledge();
    this.#late = undefined;
  }

  /** The peer has agreed, and the side that asked never learns of it: the peer is asked to go back. RFC 3261 §14.1. */
  async #undo({ from }: Change, place: ExchangePlace): Promise<void> {
    const { sdp } = this.#session[from];
    if (sdp === undefined || this.#machine.state === 'closed') return;
    const undone = await exchange(place, this.#session, { from, method: 'INVITE', sdp });
    if (undone.kind !== 'answered') this.#deps.log.warn('session.not-undone', { callId: place.callId, by: from });
  }

  async #refuse(change: Change, reply: Reply): Promise<void> {
    this.#feed('settled', {});
    await this.#reply(change, reply);
  }

  /** Whether the answer left; a request is answered once, and a cancelled one by the engine. */
  async #reply(change: Change, reply: Reply): Promise<boolean> {
    if (change.isAnswered || change.isCancelled) return false;
    change.isAnswered = true;
    return this.#answer(change.request, reply);
  }

  async #answer(request: IncomingRequest, reply: Reply): Promise<boolean> {
    try {
      await request.reply(reply);
      return true;
    } catch (error) {
      ignore(this.#deps.log, error, 'nobody waits for the answer any more');
      return false;
    }
  }

  #begin({ request, from, sdp }: Detail): void {
    if (request === undefined || from === undefined) return;
    const change: Change = { request, from, sdp, isAnswered: false, isCancelled: false, sent: undefined };
    this.#change = change;
    request.onCancel(() => {
      change.isCancelled = true;
      change.sent?.cancel();
    });
    this.#run(change).catch(async (error: unknown) => {
      this.#deps.log.error('session.change-failed', { callId: this.#deps.place()?.callId, err: error });
      await this.#refuse(change, { status: 500 });
    });
  }

  static readonly #actions: Readonly<Record<ChangeAction, (detail: Detail, changes: SessionChanges) => void>> = {
    change: (detail, changes) => changes.#begin(detail),
    refuseOverlap: ({ request }, changes) => {
      const seconds = String(Math.floor(changes.#deps.random() * (MAX_RETRY_SEC + 1)));
      if (request !== undefined) void changes.#answer(request, { status: 500, headers: { 'Retry-After': seconds } });
    },
    refuseGlare: ({ request }, changes) => {
      if (request !== undefined) void changes.#answer(request, { status: 491 });
    },
    awaitAck: (_detail, changes) =>
      (changes.#ackTimer = changes.#deps.clock.after(ACK_MS, () => changes.#feed('ackOverdue', {}))),
    stopAwaiting: (_detail, changes) => changes.#ackTimer?.cancel(),
    answer: ({ sdp }, changes) => {
      changes.#answerLate(sdp).catch((error: unknown) => {
        changes.#deps.log.error('session.answer-failed', { callId: changes.#deps.place()?.callId, err: error });
        changes.#deps.gone(500);
      });
    },
    giveUp: (_detail, changes) => changes.#deps.gone(408),
    abandon: (_detail, changes) => {
      // RFC 3261 §15.1.2: what is pending when the dialog ends is answered 487.
      if (changes.#change !== undefined) void changes.#reply(changes.#change, { status: 487 });
    },
    dispose: (_detail, changes) => {
      changes.#ackTimer?.cancel();
      changes.#letGo();
    },
  };
}
