import { type CallId, type LegId, type MediaNodeId, type Tenant } from '@callweave/contracts';
import { rankOf } from '@callweave/sip';
import {
  type HeaderValues,
  type IncomingRequest,
  type IncomingResponse,
  type LeftInvite,
  type Reply,
} from '@callweave/srf';
import { type Identity, identityHeaders } from '../admit/identity.ts';
import { abilities } from '../abilities.ts';
import { createLegId } from '../leg/leg-id.ts';
import { type LegTable, type SendRequest, type SendThrough } from '../leg/leg.ts';
import { passedStatus } from '../leg/passed-status.ts';
import { UacLeg } from '../leg/uac-leg.ts';
import { type Anchored, type Media } from './call-ports.ts';
import { failureCause } from './cause.ts';
import { canBeDirect } from './direct-media.ts';
import { type Failure } from './failure.ts';
import { between, type Place } from './place.ts';
import { readQ850 } from './q850.ts';
import { type Target } from './targets.ts';

/** Unless an application server says so itself. */
const RETRY_AFTER_SEC = '5';

/** A device that is called, and the offer it is made. */
export interface Branch {
  readonly target: Target;
  readonly legId: LegId;
  /** Undefined when the caller leaves the offer to the devices. */
  readonly sdp: string | undefined;
}

/** What the devices tell their call; nothing comes from one that was given up. */
export interface ForkEvents {
  /** One has heard of our INVITE, which another engine could cancel. */
  reached?(invite: LeftInvite): void;
  progress(branch: Branch, response: IncomingResponse): void;
  /** The first to answer; the others are given up. */
  answered(branch: Branch, leg: UacLeg, response: IncomingResponse): void;
  /** It sends the call elsewhere; returns what the caller is told of it, undefined when that is not his business. */
  redirected(branch: Branch, response: IncomingResponse): Reply | undefined;
  /** It is about to be called. */
  invited(branch: Branch): void;
  /** It will not answer: it said so, or was given up. */
  over(branch: Branch, sipStatus: number | undefined): void;
  /** It will not answer, and others may. */
  branchFailed(branch: Branch): void;
  /** Nobody will answer; of all reasons the best for the caller. RFC 3261 §16.7 step 6. */
  failed(failure: Failure): void;
  /** Who answered hung up. */
  bye(request: IncomingRequest, legId: LegId): void;
  /** The dialog with who answered came to grief. */
  lost(legId: LegId): void;
  /** A request inside the dialog with who answered. */
  request(request: IncomingRequest, legId: LegId): Promise<void>;
  acknowledged(legId: LegId, sdp: string | undefined): void;
}

export interface ForkDeps {
  readonly media: Pick<Media, 'offer'>;
  readonly legs: LegTable;
  readonly sendThrough: SendThrough;
  /** Where a target is, for its media. */
  readonly placeOf: (target: Target) => Place | undefined;
  readonly events: ForkEvents;
}

/** Who calls. */
export interface ForkCaller {
  readonly tenant: Tenant;
  readonly callId: CallId;
  readonly legId: LegId;
  readonly identity: Identity;
  /** To of the INVITEs. */
  readonly to: string;
  /** Undefined leaves the offer to the devices. */
  readonly sdp: string | undefined;
  /** Whether he can answer an offer before he is answered himself. */
  readonly takesEarlyOffer?: boolean;
  /** Where he is, for his media; undefined where the platform has one address for all. */
  readonly place?: Place | undefined;
}

/** What became of anchoring the offers. */
export type ForkAnchored =
  | { readonly kind: 'anchored'; readonly node: MediaNodeId }
  /** There is nothing to anchor yet. */
  | { readonly kind: 'offerless' }
  /** With the node that took some of them, and holds the call until it is told otherwise. */
  | {
      readonly kind: 'refused';
      readonly refusal: Exclude<Anchored, { kind: 'anchored' }>;
      readonly node: MediaNodeId | undefined;
    };

/** Phones show a call that was taken at another one as no missed call, RFC 3326 §2. */
const ELSEWHERE: HeaderValues = { Reason: 'SIP;cause=200;text="Call completed elsewhere"' };

/** Sends what only parts of the platform are shown; it outlives the fork, and keeps nothing of it. */
function internally(send: SendRequest): SendRequest {
  return (request, told) => send({ ...request, isInternal: true }, told);
}

/** Devices that ring at once; the first to answer has the call. RFC 3261 §16.7 */
export class Fork {
  readonly #caller: ForkCaller;
  readonly #targets: readonly Target[];
  readonly #deps: ForkDeps;
  /** Those that may answer yet, or the one that did. */
  readonly #legs = new Map<Branch, UacLeg>();
  #branches: Branch[] = [];
  #failure: Failure | undefined;
  #isAnswered = false;

  constructor(caller: ForkCaller, targets: readonly Target[], deps: ForkDeps) {
    this.#caller = caller;
    this.#targets = targets;
    this.#deps = deps;
  }

  /** How long to let them ring, s. */
  get ringSec(): number {
    return Math.max(...this.#targets.map(({ ringSec }) => ringSec));
  }

  /** Gets an offer for each device, of ports of its own. The node that takes the first takes them all. */
  async anchor(node: MediaNodeId | undefined): Promise<ForkAnchored> {
    const { sdp } = this.#caller;
    const [first, ...others] = sdp === undefined ? this.#targets : this.#neediestFirst(sdp);
    if (first === undefined) throw new RangeError('nobody to call');
    if (sdp === undefined) {
      this.#branches = this.#targets.map((target) => ({ target, legId: createLegId(this.#caller.callId), sdp }));
      return { kind: 'offerless' };
    }
    const begun = await this.#offer(first, sdp, node);
    if (begun.kind !== 'anchored') return { kind: 'refused', refusal: begun, node };
    const offered = [begun, ...(await Promise.all(others.map((target) => this.#offer(target, sdp, begun.node))))];
    for (const anchored of offered) {
      if (anchored.kind !== 'anchored') return { kind: 'refused', refusal: anchored, node: begun.node };
      this.#branches.push(anchored.branch);
    }
    return { kind: 'anchored', node: begun.node };
  }

  /** What the first can do without, all others can: whether there is a node is settled with the first. */
  #neediestFirst(sdp: string): Target[] {
    const needs = (target: Target): number => Number(!canBeDirect({ sdp, ...this.#places(target) }));
    return [...this.#targets].sort((one, other) => needs(other) - needs(one));
  }

  #places(target: Target): Pick<Parameters<Media['offer']>[0], 'profile' | 'places'> {
    return { profile: target.profile, places: between(this.#caller.place, this.#deps.placeOf(target)) };
  }

  async #offer(
    target: Target,
    sdp: string,
    node: MediaNodeId | undefined,
  ): Promise<Anchored & { readonly branch: Branch }> {
    const { tenant, callId, legId: fromLeg } = this.#caller;
    const legId = createLegId(callId);
    const about = { tenant, callId, fromLeg, branch: legId, sdp, node, ...this.#places(target) };
    const anchored = await this.#deps.media.offer(about);
    const offer = anchored.kind === 'anchored' ? anchored.sdp : '';
    return { ...anchored, branch: { target, legId, sdp: offer } };
  }

  /** Sends the INVITEs. */
  place(): void {
    for (const branch of this.#branches.splice(0)) {
      this.#deps.events.invited(branch);
      this.#legs.set(branch, this.#invite(branch));
    }
  }

  /** Whether it may answer yet, or has. */
  has(branch: Branch): boolean {
    return this.#legs.has(branch);
  }

  /** Whether it has made an offer that it wants answered before it answers itself. */
  hasEarlyOffer(branch: Branch): boolean {
    return this.#legs.get(branch)?.hasEarlyOffer === true;
  }

  /** Answers that. */
  answerEarly(branch: Branch, sdp: string): void {
    this.#legs.get(branch)?.answerEarly(sdp);
  }

  /** Gives all of them up: CANCEL, or BYE for who answered. */
  stop(headers?: HeaderValues): void {
    const legs = [...this.#legs];
    this.#legs.clear();
    for (const [branch, leg] of legs) {
      this.#deps.events.over(branch, undefined);
      leg.hangUp(headers);
    }
  }

  #invite(branch: Branch): UacLeg {
    const { target, legId, sdp } = branch;
    const { callId, identity, to, takesEarlyOffer } = this.#caller;
    // Of several offers he could be told one, and another edge would answer at once.
    const offersEarly = takesEarlyOffer === true && this.#targets.length === 1 && target.edge === undefined;
    const { sendThrough, legs, events } = this.#deps;
    const ifOpen = (act: () => void): void => {
      if (this.#legs.has(branch)) act();
    };
    const send = sendThrough(target.edge);
    const leg: UacLeg = new UacLeg(
      {
        uri: target.uri,
        nextHop: target.nextHop,
        callId: `${callId}-${legId}`,
        headers: { ...identityHeaders(identity, target, legId), To: to, ...abilities, ...target.headers },
        sdp,
        offersEarly,
      },
      {
        legId,
        edge: target.edge,
        send: target.isInternal ? internally(send) : send,
        events: {
          reached: (invite) => ifOpen(() => events.reached?.(invite)),
          progress: (response) => ifOpen(() => events.progress(branch, response)),
          answered: (response) => ifOpen(() => this.#answered(branch, leg, response)),
          failed: (response) => ifOpen(() => this.#refused(branch, response)),
          bye: (request) => ifOpen(() => events.bye(request, legId)),
          lost: () =>
            ifOpen(() => {
              if (this.#isAnswered) events.lost(legId);
              else {
                events.over(branch, undefined);
                this.#failed(branch, { status: 480 });
              }
            }),
          request: (request) => events.request(request, legId),
          acknowledged: (answer) => events.acknowledged(legId, answer),
          established: () => legs.add(leg),
          disposed: () => legs.delete(legId),
        },
      },
    );
    return leg;
  }

  #answered(branch: Branch, leg: UacLeg, response: IncomingResponse): void {
    this.#isAnswered = true;
    this.#legs.delete(branch);
    this.stop(ELSEWHERE);
    this.#legs.set(branch, leg);
    this.#deps.events.answered(branch, leg, response);
  }

  #refused(branch: Branch, response: IncomingResponse): void {
    const { reason } = response;
    this.#deps.events.over(branch, response.status);
    // What a part of the platform says of itself holds for all of it.
    if (branch.target.isInternal && response.status === 503) {
      const retryAfter = response.header('retry-after') ?? RETRY_AFTER_SEC;
      this.#failed(branch, { status: 503, headers: { 'Retry-After': retryAfter } });
      return;
    }
    const status = passedStatus(response.status);
    const told = response.status < 400 ? this.#deps.events.redirected(branch, response) : undefined;
    const reply = told ?? (status === response.status ? { status, reason } : { status });
    this.#failed(branch, reply, readQ850(response.header('reason')));
  }

  /** A 6xx speaks for all of them, RFC 3261 §16.7 step 5. */
  #failed(branch: Branch, reply: Reply, q850?: number): void {
    this.#legs.delete(branch);
    if (this.#failure === undefined || rankOf(reply.status) < rankOf(this.#failure.reply.status))
      this.#failure = { reply, cause: failureCause('callee', reply.status, q850) };
    if (reply.status >= 600) this.stop();
    if (this.#legs.size > 0) this.#deps.events.branchFailed(branch);
    else this.#deps.events.failed(this.#failure);
  }
}
