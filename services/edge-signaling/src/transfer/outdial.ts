import { type Timer } from '@callweave/clock';
import { type CallId, type LegId, type MediaNodeId, type Tenant } from '@callweave/contracts';
import { copyText } from '@callweave/sip';
import { type IncomingResponse } from '@callweave/srf';
import { type Identity } from '../admit/identity.ts';
import { type LegNote } from '../call/call-detail.ts';
import { type CallDeps } from '../call/call.ts';
import { type AnsweredLegs } from '../call/established-calls.ts';
import { mediaRefusal } from '../call/exchange.ts';
import { type Branch, Fork, type ForkEvents } from '../call/fork.ts';
import { type Itinerary } from '../call/itinerary.ts';
import { isRinging } from '../call/progress.ts';
import { readQ850 } from '../call/q850.ts';
import { type UacLeg } from '../leg/uac-leg.ts';
import { Machine } from '../machine.ts';
import { type Networks } from '../networks.ts';
import { type Remaining, type Search, type SearchEvents } from './newcomer.ts';
import { type OutdialAction, type OutdialInput, type OutdialState, outdialTable } from './outdial.table.ts';

export interface OutdialDeps extends Pick<CallDeps, 'media' | 'legs' | 'sendThrough' | 'placeOf' | 'clock' | 'log'> {
  readonly networks: Pick<Networks, 'ofLeg'>;
  /** Where a leg belongs once it is in a call. */
  readonly answered: AnsweredLegs;
}

/** Where to find somebody. */
export type Destinations = Pick<Itinerary, 'route' | 'next' | 'redirect' | 'goesOnAfter' | 'failed' | 'isLoop'>;

/** Who is called, in whose name, by whom. */
export interface OutdialFacts {
  readonly tenant: Tenant;
  /** Of the media of the two who are to talk. */
  readonly mediaId: CallId;
  readonly itinerary: Destinations;
  /** The address of who sends the call there, for Referred-By; undefined when he hides it. RFC 3892 §3. */
  readonly referredBy: string | undefined;
  /** Who remains: the INVITEs are his. */
  readonly identity: Identity;
  readonly to: string;
  readonly remaining: Remaining;
  /** Notes for the record of the call what becomes of the devices that are called. */
  readonly note: (note: LegNote) => void;
}

interface Detail {
  readonly status?: number;
  readonly branch?: Branch;
  readonly leg?: UacLeg;
  readonly response?: IncomingResponse;
}

/** Finds a newcomer by calling him. */
export class Outdial implements Search {
  readonly #facts: OutdialFacts;
  readonly #deps: OutdialDeps;
  readonly #machine: Machine<OutdialState, OutdialInput, OutdialAction, Detail>;
  readonly #itinerary: Destinations;
  #events: SearchEvents | undefined;
  #fork: Fork | undefined;
  #node: MediaNodeId | undefined;
  #ringTimer: Timer | undefined;
  #lastStatus = 480;
  #hasRung = false;

  constructor(facts: OutdialFacts, deps: OutdialDeps) {
    this.#facts = facts;
    this.#deps = deps;
    this.#itinerary = facts.itinerary;
    this.#machine = new Machine(outdialTable, 'routing', this.#actions);
  }

  get state(): OutdialState {
    return this.#machine.state;
  }

  start(events: SearchEvents): void {
    this.#events = events;
    this.#run(this.#route());
  }

  stop(): void {
    this.#machine.feed('stop', {});
  }

  kept(): void {
    this.#machine.feed('kept', {});
  }

  /** A defect in a step must not leave the transfer hanging. */
  #run(step: Promise<void>): void {
    step.catch((error: unknown) => {
      this.#deps.log.error('transfer.outdial-failed', { mediaId: this.#facts.mediaId, err: error });
      this.#machine.feed('failure', { status: 500 });
    });
  }

  async #route(): Promise<void> {
    const routed = await this.#itinerary.route();
    if (routed.kind === 'refuse') this.#machine.feed('failure', { status: routed.reply.status });
    else this.#machine.feed('routed', {});
  }

  async #nextGroup(): Promise<void> {
    this.#ringTimer?.cancel();
    const targets = await this.#itinerary.next();
    if (this.state !== 'anchoring') return;
    if (targets === undefined) {
      this.#machine.feed('noMoreTargets', { status: this.#itinerary.isLoop ? 482 : this.#lastStatus });
      return;
    }
    this.#hasRung = false;
    const { tenant, mediaId: callId, identity, to, referredBy, remaining } = this.#facts;
    const { sdp, standIn: legId } = remaining;
    const referred = referredBy === undefined ? {} : { 'Referred-By': referredBy };
    const told = targets.map((target) => ({ ...target, headers: { ...target.headers, ...referred } }));
    const { media, legs, sendThrough, placeOf, networks } = this.#deps;
    const place = networks.ofLeg(remaining.leg);
    const fork = new Fork({ tenant, callId, legId, identity, place, to, sdp }, told, {
      ...{ media, legs, sendThrough, placeOf, events: this.#forkEvents },
    });
    this.#fork = fork;
    await this.#anchor(fork);
  }

  async #anchor(fork: Fork): Promise<void> {
    const anchored = await fork.anchor(this.#node);
    if (anchored.kind !== 'offerless') this.#node = anchored.node;
    // Who was stopped meanwhile released nothing: there was nothing to name yet.
    if (this.state === 'ended') this.#release();
    else if (anchored.kind === 'refused')
      this.#machine.feed('failure', { status: mediaRefusal(anchored.refusal).status });
    else this.#machine.feed('anchored', {});
  }

  readonly #forkEvents: ForkEvents = {
    invited: ({ legId, target: { name, user } }) => this.#facts.note({ kind: 'invited', legId, device: name, user }),
    progress: ({ legId }, { status }) => {
      if (isRinging(status)) {
        this.#hasRung = true;
        this.#facts.note({ kind: 'rang', legId });
      }
      this.#machine.feed('progress', { status });
    },
    over: ({ legId }, sipStatus) => this.#facts.note({ kind: 'over', legId, sipStatus }),
    answered: (branch, leg, response) => this.#machine.feed('answer', { branch, leg, response }),
    redirected: ({ target: { user } }, response) => this.#itinerary.redirect(user, response),
    branchFailed: () => undefined,
    failed: ({ reply: { status } }) => {
      this.#lastStatus = status;
      const goesOn = this.#itinerary.goesOnAfter(status, this.#hasRung);
      this.#machine.feed(goesOn ? 'targetFailed' : 'failure', { status });
    },
    bye: (bye, legId) => {
      this.#ofCall(legId, () => this.#deps.answered.left(legId, readQ850(bye.header('reason'))));
    },
    lost: (legId) => this.#ofCall(legId, () => this.#deps.answered.lost(legId)),
    request: async (request, legId) => {
      if (this.#deps.answered.has(legId)) await this.#deps.answered.relay(request, legId);
      else await request.reply({ status: 491 });
    },
    acknowledged: (legId, sdp) => this.#deps.answered.acknowledged(legId, sdp),
  };

  #ofCall(legId: LegId, act: () => void): void {
    if (this.#deps.answered.has(legId)) act();
    else this.#machine.feed('left', { status: 480 });
  }

  /** The node learns whom of those that were offered a talk it is. */
  async #found({ branch, leg, response }: Detail): Promise<void> {
    this.#ringTimer?.cancel();
    const node = this.#node;
    const description = response === undefined ? undefined : leg?.descriptionIn(response);
    if (branch === undefined || leg === undefined || node === undefined || description === undefined) {
      this.#machine.feed('failure', { status: 500 });
      return;
    }
    const sdp = copyText(description);
    const { target } = branch;
    const { tenant, mediaId: callId, remaining } = this.#facts;
    const about = { tenant, callId, fromLeg: remaining.standIn, toLeg: leg.legId, branch: leg.legId, node };
    const answered = await this.#deps.media.answer({ ...about, sdp, profile: 'rtp' });
    if (answered.kind !== 'anchored') {
      this.#machine.feed('failure', { status: mediaRefusal(answered).status });
      return;
    }
    if (this.state !== 'answered') return;
    const { user, application, profile } = target;
    this.#events?.found({
      ...{ leg, user, application, isHidden: false, profile, sdp, node },
      ...{ mediaId: this.#facts.mediaId, replaces: undefined },
      answer: () => undefined,
    });
  }

  #release(): void {
    this.#ringTimer?.cancel();
    const { tenant, mediaId } = this.#facts;
    if (this.#node !== undefined) void this.#deps.media.release(tenant, mediaId, this.#node);
  }

  readonly #actions: Readonly<Record<OutdialAction, (detail: Detail) => void>> = {
    nextTargets: () => this.#run(this.#nextGroup()),
    place: () => {
      const fork = this.#fork;
      this.#ringTimer = this.#deps.clock.after((fork?.ringSec ?? 0) * 1000, () => {
        this.#lastStatus = 480;
        this.#itinerary.failed(this.#hasRung ? 'no-answer' : 'unavailable');
        this.#machine.feed('ringTimeout', {});
      });
      fork?.place();
    },
    tellProgress: ({ status = 180 }) => this.#events?.progress(status),
    tellAnswer: (detail) => this.#run(this.#found(detail)),
    tellFailure: ({ status = 480 }) => this.#events?.failed(status),
    stopTargets: () => this.#fork?.stop(),
    release: () => this.#release(),
    dispose: () => this.#ringTimer?.cancel(),
  };
}
