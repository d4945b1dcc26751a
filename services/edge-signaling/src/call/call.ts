import { type Clock, type Timer } from '@callweave/clock';
import {
  type CallCause,
  type CallId,
  type CallSource,
  type LegId,
  type MediaNodeId,
  type MediaProfile,
  type RouteTarget,
  type Tenant,
} from '@callweave/contracts';
import { copyText } from '@callweave/sip';
import { type IncomingRequest, type IncomingResponse, type Reply } from '@callweave/srf';
import { type Logger } from '@callweave/telemetry';
import { createLegId } from '../leg/leg-id.ts';
import { type LegTable, type SendRequest } from '../leg/leg.ts';
import { UacLeg } from '../leg/uac-leg.ts';
import { UasLeg } from '../leg/uas-leg.ts';
import { Machine } from '../machine.ts';
import { type CallTeller, type Locator, type Media, type Router } from './call-ports.ts';
import { type CallAction, type CallInput, type CallPhase, callTable } from './call.table.ts';
import { type BegunCall } from './call-records.ts';
import { failureCause } from './cause.ts';
import { type EstablishedCall, type EstablishedParts } from './established-call.ts';
import { mediaRefusal, sessionHeaders } from './exchange.ts';
import { profileOfSdp } from './media-profile.ts';
import { resolveTargets } from './resolve-targets.ts';
import { type Session, type Side } from './session.ts';
import { type FlowReader, type Target } from './targets.ts';

export interface CallDeps {
  readonly router: Router;
  readonly locator: Locator;
  readonly media: Media;
  readonly teller: CallTeller;
  readonly flows: FlowReader;
  readonly legs: LegTable;
  readonly send: SendRequest;
  /** `host:port` of an application server; undefined when there is none. */
  readonly applicationServer: () => string | undefined;
  /** Notes the call where others find it, until it is established or abandoned. */
  readonly begin: (call: BegunCall) => void;
  readonly abandon: (callId: CallId) => void;
  /** Takes an answered call on, so that another edge can take it over. */
  readonly establish: (parts: EstablishedParts, teller: CallTeller) => EstablishedCall;
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
  readonly sdp: string;
}

/** What the caller is told when nothing better comes, and why. */
interface Failure {
  readonly reply: Reply;
  readonly cause: CallCause;
}

interface Detail {
  readonly reply?: Reply;
  readonly cause?: CallCause;
  readonly response?: IncomingResponse;
  readonly sdp?: string;
  /** The callee's own description. */
  readonly answer?: string;
}

const NO_CHOICE: Failure = { reply: { status: 480 }, cause: failureCause('platform', 480) };
const NO_ANSWER: Failure = { reply: { status: 480 }, cause: { by: 'callee', reason: 'no-answer', sipStatus: 480 } };

/** One call: the caller's leg, the targets one after the other, and the media between. */
export class Call {
  readonly facts: CallFacts;
  readonly caller: UasLeg;
  readonly #deps: CallDeps;
  readonly #machine: Machine<CallPhase, CallInput, CallAction, Detail>;
  readonly #startedAtMs: number;
  readonly #steps = new Set<Promise<void>>();
  #targets: Target[] = [];
  #routed: readonly RouteTarget[] = [];
  /** The caller's SDP as the present kind of device needs it. */
  #offer: { readonly profile: MediaProfile; readonly sdp: string } | undefined;
  #node: MediaNodeId | undefined;
  #target: Target | undefined;
  #callee: UacLeg | undefined;
  #ringTimer: Timer | undefined;
  #rang = false;
  #lastFailure: Failure = NO_CHOICE;
  /** Once answered, what the legs tell is for this. */
  #established: EstablishedCall | undefined;

  constructor(facts: CallFacts, invite: IncomingRequest, legId: LegId, deps: CallDeps) {
    this.facts = facts;
    this.#deps = deps;
    this.#startedAtMs = deps.clock.epochMs();
    this.#machine = new Machine(callTable, 'routing', this.#actions);
    this.caller = new UasLeg(invite, {
      legId,
      send: deps.send,
      events: {
        cancelled: () => this.#feed('callerLeft', { cause: { by: 'caller', reason: 'cancelled', sipStatus: 487 } }),
        bye: () => this.#established?.left('caller'),
        lost: () => {
          if (this.#established !== undefined) this.#established.lost('caller');
          else this.#feed('callerLost', { cause: { by: 'platform', reason: 'unreachable' } });
        },
        request: (request) => this.#relay(request, 'caller'),
        acknowledged: () => this.#established?.acknowledged('caller'),
        disposed: () => deps.legs.delete(legId),
      },
    });
    deps.legs.add(this.caller);
  }

  get phase(): CallPhase {
    return this.#machine.state;
  }

  /** Starts with the question where the call goes. */
  start(): void {
    const { tenant, callId, from, to } = this.facts;
    const { legId, identity } = this.caller;
    this.#deps.begin({ tenant, callId, legId, from, to, startedAtMs: this.#startedAtMs });
    this.#deps.teller.initiated({ from, to, sipCallId: identity.callId, legId });
    this.#run(this.#route());
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
  async #dispose(): Promise<void> {
    while (this.#steps.size > 0) await Promise.all(this.#steps);
    if (this.#established === undefined) this.#deps.abandon(this.facts.callId);
    this.#deps.disposed(this.facts.callId);
  }

  #refuse(reply: Reply, by: CallCause['by']): void {
    this.#feed('refused', { reply, cause: failureCause(by, reply.status) });
  }

  async #route(): Promise<void> {
    const { tenant, callId, source, dialled, domain } = this.facts;
    const answer = await this.#deps.router.route({ tenant, callId, source, dialled, domain });
    if (answer.kind === 'unavailable') this.#refuse(unavailable, 'platform');
    else if (answer.kind === 'reject') this.#refuse({ status: answer.status, reason: answer.reason }, 'platform');
    else {
      const resolved = await resolveTargets(tenant, answer.targets, this.#deps);
      if (resolved.kind === 'refuse') this.#refuse(resolved.reply, 'platform');
      else {
        this.#routed = answer.targets;
        this.#targets = resolved.targets;
        this.#feed('routed');
      }
    }
  }

  async #anchor(profile: MediaProfile): Promise<void> {
    const { tenant, callId, sdp } = this.facts;
    const question = { tenant, callId, fromLeg: this.caller.legId, sdp, profile, node: this.#node };
    const anchored = await this.#deps.media.offer(question);
    if (anchored.kind !== 'anchored') {
      this.#refuse(mediaRefusal(anchored), 'platform');
      return;
    }
    this.#node = anchored.node;
    this.#offer = { profile, sdp: anchored.sdp };
    // A caller who left meanwhile released nothing: there was nothing to name yet.
    if (this.phase === 'ended') await this.#release();
    else this.#feed('anchored');
  }

  /** The next device, with an offer it can use: anchored anew only when it is of another kind than the one before. */
  #nextTarget(): void {
    this.#ringTimer?.cancel();
    this.#callee = undefined;
    const target = this.#targets.shift();
    if (target === undefined) {
      this.#feed('noMoreTargets', this.#lastFailure);
      return;
    }
    this.#target = target;
    if (this.#offer?.profile === target.profile) this.#feed('anchored');
    else this.#run(this.#anchor(target.profile));
  }

  #place(): void {
    const target = this.#target;
    if (target === undefined || this.#offer === undefined) return;
    this.#ringTimer = this.#deps.clock.after(target.ringSec * 1000, () => {
      this.#lastFailure = NO_ANSWER;
      this.#feed('ringTimeout');
    });
    this.#callee = this.#invite(target, this.#offer.sdp);
  }

  #invite(target: Target, sdp: string): UacLeg {
    const legId = createLegId();
    const { from, to, callId } = this.facts;
    const leg: UacLeg = new UacLeg(
      {
        uri: target.uri,
        nextHop: target.nextHop,
        callId: `${callId}-${legId}`,
        headers: { From: `${from};tag=${legId}`, To: to, ...target.headers },
        sdp,
      },
      {
        legId,
        send: (request, events) => this.#deps.send({ ...request, isInternal: target.isInternal }, events),
        events: {
          progress: (response) => this.#ifCurrent(leg, () => this.#feed('progress', { response })),
          answered: (response) => this.#ifCurrent(leg, () => this.#feed('calleeAnswered', { response })),
          failed: (status, reason) =>
            this.#ifCurrent(leg, () => this.#calleeFailed({ status: upstream(status), reason })),
          bye: () => this.#ifCurrent(leg, () => this.#calleeLeft()),
          lost: () => this.#ifCurrent(leg, () => this.#calleeLost()),
          request: (request) => this.#relay(request, 'callee'),
          acknowledged: () => this.#established?.acknowledged('callee'),
          established: () => this.#deps.legs.add(leg),
          disposed: () => this.#deps.legs.delete(legId),
        },
      },
    );
    return leg;
  }

  /** A leg that was given up lives on until its transaction ends; what it tells then is no longer ours. */
  #ifCurrent(leg: UacLeg, act: () => void): void {
    if (leg === this.#callee) act();
  }

  #calleeFailed(reply: Reply): void {
    this.#lastFailure = { reply, cause: failureCause('callee', reply.status) };
    this.#feed('targetFailed');
  }

  /** A device may hang up before its answer has gone through. */
  #calleeLeft(): void {
    if (this.#established !== undefined) this.#established.left('callee');
    else this.#feed('calleeLeft', { cause: { by: 'callee', reason: 'hang-up' } });
  }

  #calleeLost(): void {
    if (this.#established !== undefined) this.#established.lost('callee');
    else if (this.phase === 'placing') this.#calleeFailed({ status: 480 });
    else this.#feed('calleeLost', { reply: { status: 480 }, cause: { by: 'platform', reason: 'unreachable' } });
  }

  #passProgress({ response }: Detail): void {
    if (response === undefined) return;
    if (!this.#rang && this.#callee !== undefined) {
      this.#rang = true;
      this.#deps.teller.ringing(this.#callee.legId, this.#target?.name ?? '');
    }
    // Early media waits for its own issue of the media path; the caller hears his own ringing tone.
    this.caller.progress({ status: response.status === 183 ? 180 : response.status });
  }

  async #complete({ response }: Detail): Promise<void> {
    this.#ringTimer?.cancel();
    const callee = this.#callee;
    if (response?.body === undefined || callee === undefined || this.#node === undefined) {
      this.#refuse({ status: 500 }, 'callee');
      return;
    }
    const { tenant, callId, sdp } = this.facts;
    const about = { tenant, callId, fromLeg: this.caller.legId, toLeg: callee.legId, node: this.#node };
    const anchored = await this.#deps.media.answer({ ...about, sdp: response.body, profile: profileOfSdp(sdp) });
    if (anchored.kind === 'anchored') this.#feed('completed', { sdp: anchored.sdp, answer: copyText(response.body) });
    else this.#refuse(mediaRefusal(anchored), 'platform');
  }

  #answerCaller({ sdp, answer }: Detail): void {
    const callee = this.#callee;
    if (callee === undefined) return;
    const { teller, clock } = this.#deps;
    const { tenant, callId } = this.facts;
    const times = { startedAtMs: this.#startedAtMs, answeredAtMs: clock.epochMs() };
    // The journal line comes before the 200, and the records are on their way.
    teller.answered(callee.legId, this.#target?.name ?? '', this.#node);
    const session: Session = {
      caller: { profile: profileOfSdp(this.facts.sdp), sdp: this.facts.sdp, holds: false },
      callee: { profile: this.#target?.profile ?? 'rtp', sdp: answer, holds: false },
    };
    const parts = { tenant, callId, epoch: 1, caller: this.caller, callee, node: this.#node, session, ...times };
    this.#established = this.#deps.establish(parts, teller);
    this.caller.answer({ status: 200, headers: sessionHeaders, body: sdp });
  }

  async #relay(request: IncomingRequest, from: Side): Promise<void> {
    if (this.#established === undefined) await request.reply({ status: 481 });
    else await this.#established.relay(request, from);
  }

  async #release(): Promise<void> {
    if (this.#node === undefined) return;
    const { tenant, callId } = this.facts;
    await this.#deps.media.release(tenant, callId, this.#node);
  }

  readonly #actions: Readonly<Record<CallAction, (detail: Detail) => void>> = {
    tellRouted: () => this.#deps.teller.routed(this.#routed.map(describe)),
    nextTarget: () => this.#nextTarget(),
    place: () => this.#place(),
    passProgress: (detail) => this.#passProgress(detail),
    complete: (detail) => this.#run(this.#complete(detail)),
    answerCaller: (detail) => this.#answerCaller(detail),
    refuseCaller: ({ reply }) => this.caller.refuse(reply ?? NO_CHOICE.reply),
    stopCallee: () => this.#callee?.hangUp(),
    release: () => {
      this.#ringTimer?.cancel();
      this.#run(this.#release());
    },
    tellFailed: ({ cause }) => this.#deps.teller.failed(cause ?? { by: 'platform', reason: 'unavailable' }),
    dispose: () => void this.#dispose(),
  };
}

const unavailable: Reply = { status: 503, headers: { 'Retry-After': '5' } };

/** A 503 of one device is not ours: the caller would think the whole platform is away. RFC 3261 §16.7 step 6. */
function upstream(status: number): number {
  return status === 503 ? 500 : status;
}

function describe(target: RouteTarget): string {
  return target.kind === 'user' ? `user:${target.user.slice(0, 256)}` : `application:${target.action}`;
}
