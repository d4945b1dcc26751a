import { type Clock } from '@callweave/clock';
import { type CallId } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { type Media } from '../call/call-ports.ts';
import { between } from '../call/place.ts';
import { type EstablishedCall, type Replacing } from '../call/established-call.ts';
import { exchange } from '../call/exchange.ts';
import { otherSide, type Side } from '../call/session.ts';
import { type Networks } from '../networks.ts';
import { introduce, type Introduced } from './introduce.ts';
import { type Remaining, type Search, type SearchEvents } from './newcomer.ts';

export interface OtherCallDeps {
  readonly media: Media;
  readonly networks: Pick<Networks, 'ofLeg'>;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface OtherCallFacts {
  readonly call: EstablishedCall;
  /** The referrer's side there. */
  readonly side: Side;
  /** Of the media of those who are joined. */
  readonly mediaId: CallId;
  /** Of the referrer's first call. */
  readonly remaining: Remaining;
}

/** Finds the newcomer of an attended transfer: the party that the referrer talks to in another call. RFC 5589 §7. */
export class OtherCall implements Search, Replacing {
  readonly #facts: OtherCallFacts;
  readonly #deps: OtherCallDeps;
  #events: SearchEvents | undefined;
  #outcome: Introduced | undefined;
  #asking: Promise<void> = Promise.resolve();
  #isOver = false;
  #hasLeft = false;

  constructor(facts: OtherCallFacts, deps: OtherCallDeps) {
    this.#facts = facts;
    this.#deps = deps;
  }

  start(events: SearchEvents): void {
    const { call } = this.#facts;
    // He takes part in one transfer at a time.
    if (call.replacing !== undefined || call.state === 'ended') {
      events.failed(call.state === 'ended' ? 481 : 491);
      return;
    }
    this.#events = events;
    call.replacing = this;
    this.#asking = this.#ask().catch((error: unknown) => {
      this.#deps.log.error('transfer.ask-failed', { callId: call.parts.callId, err: error });
      this.#fail(500);
    });
  }

  left(side: Side): boolean {
    this.#hasLeft ||= side === this.#facts.side;
    return side === this.#facts.side;
  }

  over(): void {
    this.#fail(480);
  }

  dropped(): void {
    this.#fail(500);
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { callId } = this.#facts.call.parts;
    this.#asking
      .then(() => this.#goBack())
      .catch((error: unknown) => this.#deps.log.error('transfer.not-undone', { callId, err: error }));
  }

  kept(stored: Promise<void>): void {
    const { call, side } = this.#facts;
    this.#isOver = true;
    call.replacing = undefined;
    call.give(otherSide(side), stored);
  }

  async #ask(): Promise<void> {
    const { call, side, mediaId, remaining } = this.#facts;
    const { parts, session } = call;
    const to = otherSide(side);
    if (!(await call.occupy()) || !this.#isWanted()) return;
    const { profile } = session[to];
    const { networks } = this.#deps;
    const outcome = await introduce({
      ...{ tenant: parts.tenant, remaining: parts[to], profile },
      newcomer: { legId: remaining.standIn, sdp: remaining.sdp, profile: 'rtp', mediaId, node: undefined },
      isWanted: () => this.#isWanted(),
      ...this.#deps,
      places: between(networks.ofLeg(remaining.leg), networks.ofLeg(parts[to])),
    });
    this.#outcome = outcome;
    if (!this.#isWanted()) return;
    if (outcome.kind === 'refused') {
      this.#fail(outcome.status);
      if (outcome.isGone) call.lost();
      return;
    }
    parts[to].refreshTarget(outcome.response);
    this.#events?.found({
      ...{
        leg: parts[to],
        user: parts.users[to],
        application: parts.applications[to],
        isHidden: parts.hidden[to],
        profile,
        sdp: outcome.answer,
        mediaId,
        node: outcome.node,
      },
      replaces: parts.callId,
      answer: () => undefined,
    });
  }

  #isWanted(): boolean {
    return !this.#isOver;
  }

  #fail(status: number): void {
    if (this.#isOver) return;
    this.stop();
    this.#events?.failed(status);
  }

  /** The call goes on as it was before; its party is told so if he has agreed to talk to another. */
  async #goBack(): Promise<void> {
    const { call, side: from, mediaId } = this.#facts;
    const { parts, session, state } = call;
    const { node, mediaId: before = parts.callId, tenant } = parts;
    const { media, log } = this.#deps;
    const outcome = this.#outcome;
    if (outcome?.node !== undefined) void media.release(tenant, mediaId, outcome.node);
    const hasAgreed = outcome?.kind === 'agreed' || outcome?.isHalfDone === true;
    const { sdp } = session[from];
    if (hasAgreed && state === 'talking' && node !== undefined && sdp !== undefined) {
      const undone = await exchange({ ...parts, callId: before, node, media }, session, {
        from,
        method: 'INVITE',
        sdp,
      });
      if (undone.kind !== 'answered') log.warn('transfer.not-undone', { callId: parts.callId, by: from });
    }
    call.replacing = undefined;
    call.vacate();
    if (this.#hasLeft) call.left(from);
  }
}
