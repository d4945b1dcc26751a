import { type Clock, type Timer } from '@callweave/clock';
import {
  type CallCause,
  type CallId,
  type CallRecord,
  type CallSource,
  type LegId,
  type MediaProfile,
  type RouteTarget,
  type Tenant,
} from '@callweave/contracts';
import { copyText } from '@callweave/sip';
import { type HeaderValues, type IncomingRequest, type IncomingResponse, type Reply } from '@callweave/srf';
import { type Logger } from '@callweave/telemetry';
import { type Identity } from '../admit/identity.ts';
import { type LegTable, type SendRequest, type SendThrough } from '../leg/leg.ts';
import { type UacLeg } from '../leg/uac-leg.ts';
import { UasLeg } from '../leg/uas-leg.ts';
import { Machine } from '../machine.ts';
import { AnsweredLeg } from './answered-leg.ts';
import { describe, userOf } from './call-names.ts';
import { type CallFaults, type CallTeller, type Locator, type Media, type Router } from './call-ports.ts';
import { type CallAction, type CallInput, type CallPhase, callTable } from './call.table.ts';
import { type BegunCall } from './call-records.ts';
import { type Agreed, CallerMedia } from './caller-media.ts';
import { failureCause } from './cause.ts';
import { type EstablishedParts } from './established-call.ts';
import { type AnsweredLegs } from './established-calls.ts';
import { mediaRefusal, sessionHeaders } from './exchange.ts';
import { ENGINE_LOST, type Failure, LOOP, NO_ANSWER, NO_CHOICE } from './failure.ts';
import { type Branch, Fork, type ForkEvents } from './fork.ts';
import { Itinerary } from './itinerary.ts';
import { type LeftInvites, type LeftWord } from './left-calls.ts';
import { lateOffer } from './late-offer.ts';
import { type Place } from './place.ts';
import { isRinging } from './progress.ts';
import { readQ850, reasonOf } from './q850.ts';
import { passedRedirect } from './redirect.ts';
import { type Session } from './session.ts';
import { type FlowReader, type Target } from './targets.ts';

export interface CallDeps {
  readonly router: Router;
  readonly locator: Locator;
  readonly media: Media;
  readonly teller: CallTeller;
  readonly flows: FlowReader;
  readonly legs: LegTable;
  readonly send: SendRequest;
  readonly sendThrough: SendThrough;
  /** `host:port` of an application server; undefined when there is none. */
  readonly applicationServer: () => string | undefined;
  /** Notes the call where others find it, until it is established or abandoned. */
  readonly begin: (call: BegunCall) => CallRecord;
  readonly abandon: (callId: CallId, lost?: CallCause) => void;
  /** Leaves word to the next edge at this place. */
  readonly leave?: (callId: CallId, word: LeftWord) => void;
  /** What is stored of an answered call. */
  readonly recordOf: (parts: EstablishedParts, teller: CallTeller) => CallRecord;
  /** The caller has acknowledged the answer, or a later one. */
  readonly acknowledged: (callId: CallId) => void;
  /** Takes an answered call on, so that another edge can take it over. */
  readonly establish: (parts: EstablishedParts, teller: CallTeller) => AnsweredLegs;
  /** Whether the call goes where a device sends it, or its caller is told to. */
  readonly redirects: 'follow' | 'pass';
  /** Where a target is, for its media. */
  readonly placeOf: (target: Target) => Place | undefined;
  readonly faults?: CallFaults;
  readonly clock: Clock;
  readonly log: Logger;
  readonly disposed: (callId: CallId) => void;
}

/** Who calls whom. */
export interface CallFacts {
  readonly tenant: Tenant;
  readonly callId: CallId;
  readonly source: CallSource;
  readonly dialled: string;
  readonly domain: string;
  /** From and To as the caller wrote them. */
  readonly from: string;
  readonly to: string;
  /** What the devices are told of the caller. */
  readonly identity: Identity;
  /** Undefined leaves the offer to the callee. */
  readonly sdp: string | undefined;
  /** What the caller needs of our media. */
  readonly profile: MediaProfile;
  /** Where the caller is, for his media. */
  readonly place?: Place | undefined;
  /** His INVITE, if another engine could refuse it. */
  readonly asked?: LeftInvites['asked'];
}

interface Detail {
  readonly reply?: Reply;
  readonly cause?: CallCause;
  readonly branch?: Branch;
  readonly response?: IncomingResponse;
  /** What the devices that ring are told when they are given up. */
  readonly headers?: HeaderValues | undefined;
  readonly agreed?: Agreed;
  /** The callee's own description. */
  readonly answer?: string;
}

/** One call: the caller's leg, the devices that ring for it, and the media between. */
export class Call {
  readonly facts: CallFacts;
  readonly caller: UasLeg;
  readonly #deps: CallDeps;
  readonly #machine: Machine<CallPhase, CallInput, CallAction, Detail>;
  readonly #startedAtMs: number;
  readonly #itinerary: Itinerary;
  readonly #steps = new Set<Promise<void>>();
  #routed: readonly RouteTarget[] = [];
  readonly #media: CallerMedia;
  #fork: Fork | undefined;
  /** Who answered. */
  #branch: Branch | undefined;
  #callee: UacLeg | undefined;
  #ringTimer: Timer | undefined;
  #completing: Promise<void> = Promise.resolve();
  #rang = false;
  /** Whether one of those who are called now has rung. */
  #hasRung = false;
  #lastFailure: Failure = NO_CHOICE;
  /** Once answered, what the legs tell is for this. */
  #established: AnsweredLegs | undefined;

  constructor(facts: CallFacts, invite: IncomingRequest, legId: LegId, deps: CallDeps) {
    this.facts = facts;
    this.#deps = deps;
    this.#itinerary = new Itinerary(facts, deps, (redirect) => {
      deps.teller.note({ kind: 'forwarded', to: redirect.dialled, ...redirect });
      this.caller.progress({ status: 181 });
    });
    this.#startedAtMs = deps.clock.epochMs();
    this.#machine = new Machine(callTable, 'routing', this.#actions);
    this.caller = new UasLeg(invite, {
      legId,
      send: deps.send,
      events: {
        cancelled: (reason) => {
          const headers = reason === undefined ? {} : { Reason: reason };
          this.#feed('callerLeft', { cause: failureCause('caller', 487, readQ850(reason)), headers });
        },
        bye: (bye) => this.#established?.left(legId, readQ850(bye.header('reason'))),
        lost: () => {
          if (this.#established !== undefined) this.#established.lost(legId);
          else this.#feed('callerLost', { cause: { by: 'platform', reason: 'unreachable' } });
        },
        request: (request) => this.#relay(request, legId),
        pracked: (sdp) => this.#run(this.#media.pracked(sdp)),
        acknowledged: (sdp) => {
          this.#established?.acknowledged(legId, sdp);
          deps.acknowledged(facts.callId);
          deps.faults?.pass('after-ack');
        },
        disposed: () => deps.legs.delete(legId),
      },
    });
    deps.legs.add(this.caller);
    this.#media = new CallerMedia({
      ...{ facts, caller: this.caller, media: deps.media, placeOf: deps.placeOf },
      isRinging: () => this.phase === 'placing',
      isOver: () => this.phase === 'ended',
      refused: (reply) => this.#refuse(reply, 'platform'),
    });
  }

  get phase(): CallPhase {
    return this.#machine.state;
  }

  /** Starts with the question where the call goes. */
  start(): void {
    const { tenant, callId, from, to, asked } = this.facts;
    const { legId, identity } = this.caller;
    const { detail } = this.#deps.teller;
    const begun = this.#deps.begin({ tenant, callId, legId, from, to, startedAtMs: this.#startedAtMs, detail });
    const told = { from, to, sipCallId: identity.callId, legId };
    this.#deps.teller.initiated(told, () => (asked === undefined ? [begun] : [begun, { asked }]));
    this.#run(this.#route());
  }

  /** The engine that has the caller's INVITE is gone, or has lost us. */
  engineLost(): void {
    this.#feed('refused', ENGINE_LOST);
  }

  #feed(input: CallInput, detail: Detail = {}): void {
    this.#machine.feed(input, detail);
  }

  /** A defect in a step must not leave the call hanging. */
  #run(step: Promise<void>): void {
    const guarded = step.catch((error: unknown) => {
      this.#deps.log.error('call.failed', { callId: this.facts.callId, err: error });
      this.#refuse({ status: 500 }, 'platform');
    });
    this.#steps.add(guarded);
    void guarded.then(() => this.#steps.delete(guarded));
  }

  /** The call leaves our hands when its media is released and its end is told. */
  async #dispose({ cause }: Detail): Promise<void> {
    while (this.#steps.size > 0) await Promise.all(this.#steps);
    const lost = cause === ENGINE_LOST.cause ? cause : undefined;
    if (this.#established === undefined) this.#deps.abandon(this.facts.callId, lost);
    this.#deps.disposed(this.facts.callId);
  }

  #refuse(reply: Reply, by: CallCause['by']): void {
    this.#feed('refused', { reply, cause: failureCause(by, reply.status) });
  }

  async #route(): Promise<void> {
    const routed = await this.#itinerary.route();
    if (routed.kind === 'refuse') this.#refuse(routed.reply, 'platform');
    else {
      this.#deps.faults?.pass('in-invite');
      this.#routed = routed.targets;
      this.#feed('routed');
    }
  }

  /** The next devices, with offers they can use. */
  async #nextGroup(): Promise<void> {
    this.#ringTimer?.cancel();
    this.#media.forget();
    const targets = await this.#itinerary.next();
    this.#hasRung = false;
    if (this.phase !== 'anchoring') return;
    if (targets === undefined) {
      this.#feed('noMoreTargets', this.#itinerary.isLoop ? LOOP : this.#lastFailure);
      return;
    }
    const { media, legs, sendThrough, placeOf } = this.#deps;
    const { legId, takesEarlyOffer } = this.caller;
    const caller = { ...this.facts, sdp: this.#media.offer, legId, takesEarlyOffer };
    this.#fork = new Fork(caller, targets, { media, legs, sendThrough, placeOf, events: this.#forkEvents });
    await this.#anchor(this.#fork);
  }

  async #anchor(fork: Fork): Promise<void> {
    const anchored = await this.#media.anchor(fork);
    if (this.phase === 'ended') return;
    if (anchored.kind === 'refused') this.#refuse(mediaRefusal(anchored.refusal), 'platform');
    else this.#feed('anchored');
  }

  #place(): void {
    const fork = this.#fork;
    if (fork === undefined) return;
    this.#ringTimer = this.#deps.clock.after(fork.ringSec * 1000, () => {
      this.#lastFailure = NO_ANSWER;
      this.#itinerary.failed(this.#hasRung ? 'no-answer' : 'unavailable');
      this.#feed('ringTimeout');
    });
    fork.place();
  }

  readonly #forkEvents: ForkEvents = {
    invited: ({ legId, target: { name, user } }) => {
      this.#deps.teller.note({ kind: 'invited', legId, device: name, user });
    },
    reached: (called) => this.#deps.leave?.(this.facts.callId, { called }),
    progress: (branch, response) => {
      if (isRinging(response.status)) {
        this.#hasRung = true;
        this.#deps.teller.note({ kind: 'rang', legId: branch.legId });
      }
      this.#feed('progress', { branch, response });
    },
    answered: (branch, leg, response) => {
      this.#branch = branch;
      this.#callee = leg;
      this.#feed('calleeAnswered', { response });
    },
    redirected: ({ target: { user } }, response) =>
      this.#deps.redirects === 'pass' ? passedRedirect(response) : this.#itinerary.redirect(user, response),
    over: ({ legId }, sipStatus) => this.#deps.teller.note({ kind: 'over', legId, sipStatus }),
    branchFailed: (branch) => this.#media.forget(branch),
    failed: (failure) => {
      const { status } = failure.reply;
      this.#lastFailure = failure;
      const goesOn = this.#itinerary.goesOnAfter(status, this.#hasRung);
      this.#feed(goesOn ? 'targetFailed' : 'refused', failure);
    },
    // A device may hang up before its answer has gone through.
    bye: (bye, legId) => {
      if (this.#established !== undefined) this.#established.left(legId, readQ850(bye.header('reason')));
      else this.#feed('calleeLeft', { cause: { by: 'callee', reason: 'hang-up' } });
    },
    lost: (legId) => {
      if (this.#established !== undefined) this.#established.lost(legId);
      else this.#feed('calleeLost', { reply: { status: 480 }, cause: { by: 'platform', reason: 'unreachable' } });
    },
    request: (request, legId) => this.#relay(request, legId),
    acknowledged: (legId, sdp) => this.#established?.acknowledged(legId, sdp),
  };

  #passProgress({ branch, response }: Detail): void {
    if (response === undefined || branch === undefined) return;
    if (!this.#rang) {
      this.#rang = true;
      this.#deps.teller.ringing(branch.legId, branch.target.name);
    }
    const fork = this.#fork;
    const passing = fork === undefined ? undefined : this.#media.progress(fork, branch, response);
    if (passing !== undefined) this.#run(passing);
  }

  async #complete({ response }: Detail): Promise<void> {
    this.#ringTimer?.cancel();
    const branch = this.#branch;
    const description = response === undefined ? undefined : this.#callee?.descriptionIn(response);
    if (description === undefined || branch === undefined) {
      this.#refuse({ status: 500 }, 'callee');
      return;
    }
    const agreed = await this.#media.complete(branch, description);
    if (agreed.kind === 'agreed') this.#feed('completed', { agreed, answer: copyText(description) });
    else this.#refuse(mediaRefusal(agreed), 'platform');
  }

  #answerCaller({ agreed, answer }: Detail): void {
    const callee = this.#callee;
    const target = this.#branch?.target;
    if (callee === undefined || target === undefined || agreed === undefined) return;
    const { teller, recordOf, faults, clock } = this.#deps;
    const { tenant, callId } = this.facts;
    const times = { startedAtMs: this.#startedAtMs, answeredAtMs: clock.epochMs() };
    const session: Session = {
      caller: {
        profile: this.facts.profile,
        sdp: agreed.offer === undefined ? undefined : copyText(agreed.offer),
        holds: false,
      },
      callee: { profile: target.profile, sdp: answer, holds: false },
    };
    const late = agreed.offer === undefined ? { late: lateOffer('callee', answer ?? '', callee) } : {};
    const sides = {
      users: { caller: userOf(this.facts.source), callee: target.user },
      applications: { callee: target.application },
      hidden: { caller: this.facts.identity.isHidden, callee: false },
      transfers: 0,
    };
    const legs = { caller: this.caller, callee };
    const parts = { tenant, callId, epoch: 1, ...legs, ...sides, node: this.#media.node, session, ...late, ...times };
    // The journal line comes before the 200, and the records are on their way.
    teller.answered(callee.legId, target.name, this.#media.node, () => recordOf(parts, teller));
    faults?.pass('before-answer');
    const untold = agreed.isStale ? { untold: 'callee' as const } : {};
    const answered = this.#deps.establish({ ...parts, ...untold }, teller);
    this.#established = answered;
    const told = { answered, legs: this.#deps.legs, acknowledged: this.#deps.acknowledged, faults };
    this.caller.settle(new AnsweredLeg(this.caller.legId, told, callId));
    callee.settle(new AnsweredLeg(callee.legId, told));
    this.caller.answer({ status: 200, headers: sessionHeaders, body: agreed.body });
    faults?.passSoon('after-answer');
  }

  async #relay(request: IncomingRequest, from: LegId): Promise<void> {
    // Who has answered may speak up before the caller has heard of it.
    await Promise.allSettled([this.#completing]);
    if (this.#established === undefined) await request.reply({ status: 481 });
    else await this.#established.relay(request, from);
  }

  readonly #actions: Readonly<Record<CallAction, (detail: Detail) => void>> = {
    tellRouted: () => this.#deps.teller.routed(this.#routed.map(describe)),
    nextTargets: () => this.#run(this.#nextGroup()),
    place: () => this.#place(),
    passProgress: (detail) => this.#passProgress(detail),
    complete: (detail) => {
      this.#completing = this.#complete(detail);
      this.#run(this.#completing);
    },
    answerCaller: (detail) => this.#answerCaller(detail),
    refuseCaller: ({ reply = NO_CHOICE.reply, cause = NO_CHOICE.cause }) => {
      this.caller.refuse({ ...reply, headers: { ...reply.headers, ...reasonOf(cause) } });
    },
    stopCallees: ({ headers }) => this.#fork?.stop(headers),
    release: () => {
      this.#ringTimer?.cancel();
      this.#run(this.#media.release());
    },
    tellFailed: ({ cause }) => this.#deps.teller.failed(cause ?? { by: 'platform', reason: 'unavailable' }),
    dispose: (detail) => void this.#dispose(detail),
  };
}
