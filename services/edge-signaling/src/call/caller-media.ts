import { type MediaNodeId } from '@callweave/contracts';
import { copyText } from '@callweave/sip';
import { type IncomingResponse, type Reply } from '@callweave/srf';
import { type UasLeg } from '../leg/uas-leg.ts';
import { type CallFacts } from './call.ts';
import { type Anchored, type Media } from './call-ports.ts';
import { mediaRefusal, sessionHeaders } from './exchange.ts';
import { type Branch, type Fork, type ForkAnchored } from './fork.ts';
import { between, type Place } from './place.ts';
import { EARLY_DIALOG_TERMINATED } from './progress.ts';
import { type Target } from './targets.ts';

export interface CallerMediaDeps {
  readonly facts: CallFacts;
  readonly caller: UasLeg;
  readonly media: Media;
  readonly placeOf: (target: Target) => Place | undefined;
  /** Whether somebody may still answer. */
  readonly isRinging: () => boolean;
  readonly isOver: () => boolean;
  /** The caller and who rings cannot talk. */
  readonly refused: (reply: Reply) => void;
}

/** What caller and callee have agreed to when that one answers. */
export interface Agreed {
  readonly kind: 'agreed';
  /** Of the caller's 200. */
  readonly body: string;
  /** What he says of himself; undefined when that is to come with his ACK. */
  readonly offer: string | undefined;
  /** He was told for good before what does not hold for who answered, and is to be told anew. */
  readonly isStale: boolean;
}

type NotAnchored = Exclude<Anchored, { readonly kind: 'anchored' }>;

/** What the caller and the devices are told of each other's media until one answers: by the 200, or before. */
export class CallerMedia {
  readonly #deps: CallerMediaDeps;
  #node: MediaNodeId | undefined;
  #offer: string | undefined;
  /** Whose media he hears before the answer. */
  #early: { readonly branch: Branch; readonly done: Promise<void> } | undefined;
  /** An offer that he has reliably been told, and is to answer by PRACK. RFC 3262 §5 */
  #asked: { readonly fork: Fork; readonly branch: Branch; readonly sdp: string } | undefined;
  /** What he has been told for good: reliably, as an answer or as an offer that he has answered. RFC 3262 §5 */
  #settled: string | undefined;
  /** Whose offer he has answered. */
  #agreedWith: Branch | undefined;

  constructor(deps: CallerMediaDeps) {
    this.#deps = deps;
    this.#offer = deps.facts.sdp;
  }

  get node(): MediaNodeId | undefined {
    return this.#node;
  }

  /** What devices are offered in his name; undefined leaves it to them. */
  get offer(): string | undefined {
    return this.#offer;
  }

  /** Gets their offers for those who are called next. */
  async anchor(fork: Fork): Promise<ForkAnchored> {
    const anchored = await fork.anchor(this.#node);
    if (anchored.kind !== 'offerless') this.#node = anchored.node;
    // Who left meanwhile released nothing: there was nothing to name yet.
    if (this.#deps.isOver()) await this.release();
    return anchored;
  }

  /** Nobody of those who were called until now is heard any more, or this one is not. */
  forget(branch = this.#early?.branch): void {
    if (this.#early?.branch === branch) this.#early = undefined;
    if (this.#asked?.branch === branch) this.#asked = undefined;
  }

  /**
   * Passes on what a device says before its answer; resolves when that is done. Once the caller hears one, the ringing of
   * the others would only make his phone ring over it.
   */
  progress(fork: Fork, branch: Branch, { status, body }: IncomingResponse): Promise<void> | undefined {
    if (this.#early !== undefined) return undefined;
    const isLate = this.#offer === undefined;
    if (body !== undefined && (!isLate || fork.hasEarlyOffer(branch))) {
      const passed = isLate ? this.#passOffer : this.#passAnswer;
      const done = passed.call(this, { fork, branch, sdp: copyText(body) }, status);
      this.#early = { branch, done };
      return done;
    }
    if (status !== EARLY_DIALOG_TERMINATED) this.#deps.caller.progress({ status });
    return undefined;
  }

  /** His PRACK is here, with his answer to the offer of a device. RFC 3262 §5 */
  async pracked(sdp: string | undefined): Promise<void> {
    const asked = this.#asked;
    const { facts, caller, media, refused } = this.#deps;
    if (asked === undefined || this.#node === undefined) return;
    if (sdp === undefined) {
      refused({ status: 488, reason: 'Not Acceptable Here' });
      return;
    }
    const { fork, branch } = asked;
    const { tenant, callId } = facts;
    const about = { tenant, callId, fromLeg: branch.legId, toLeg: caller.legId, branch: caller.legId };
    const answered = await media.answer({ ...about, node: this.#node, sdp, profile: branch.target.profile });
    if (answered.kind !== 'anchored') {
      refused(mediaRefusal(answered));
      return;
    }
    this.#asked = undefined;
    this.#offer = copyText(sdp);
    this.#settled = asked.sdp;
    this.#agreedWith = branch;
    fork.answerEarly(branch, answered.sdp);
  }

  /** Who answers has described himself so. */
  async complete(branch: Branch, sdp: string): Promise<Agreed | NotAnchored> {
    // The node must not be told of the early description after the last.
    await this.#early?.done;
    const settled = this.#settled;
    if (settled !== undefined && this.#agreedWith === branch)
      return { kind: 'agreed', body: settled, offer: this.#offer, isStale: false };
    if (this.#asked !== undefined) return { kind: 'unusable', reason: 'answered before its own offer was' };
    const anchored = this.#offer === undefined ? await this.#offerLate(branch, sdp) : await this.#answer(branch, sdp);
    if (anchored.kind !== 'anchored') return anchored;
    const isStale = settled !== undefined && !isSame(settled, anchored.sdp);
    return { kind: 'agreed', body: settled ?? anchored.sdp, offer: this.#offer, isStale };
  }

  async release(): Promise<void> {
    if (this.#node === undefined) return;
    const { tenant, callId } = this.#deps.facts;
    await this.#deps.media.release(tenant, callId, this.#node);
  }

  /** RFC 3960 §3.1: what the network or the device plays before the answer; of several devices the first one's. */
  async #passAnswer({ fork, branch, sdp }: Said, status: number): Promise<void> {
    const { caller } = this.#deps;
    const anchored = await this.#answer(branch, sdp);
    if (!this.#isRinging(fork, branch)) return;
    if (anchored.kind !== 'anchored') caller.progress({ status: 180 });
    // He ignores another answer than his first, RFC 3262 §5.
    else if (this.#settled !== undefined) caller.progress({ status });
    else {
      if (caller.isReliable) this.#settled = anchored.sdp;
      caller.progress({ status, headers: sessionHeaders, body: anchored.sdp });
    }
  }

  async #passOffer({ fork, branch, sdp }: Said, status: number): Promise<void> {
    const { caller, refused } = this.#deps;
    const anchored = await this.#offerLate(branch, sdp);
    if (!this.#isRinging(fork, branch)) return;
    if (anchored.kind !== 'anchored') {
      refused(mediaRefusal(anchored));
      return;
    }
    this.#asked = { fork, branch, sdp: anchored.sdp };
    caller.progress({ status, headers: sessionHeaders, body: anchored.sdp });
  }

  #isRinging(fork: Fork, branch: Branch): boolean {
    return this.#deps.isRinging() && fork.has(branch);
  }

  /** A device's answer for the caller. */
  async #answer({ legId }: Branch, sdp: string): Promise<Anchored> {
    const { facts, caller, media } = this.#deps;
    if (this.#node === undefined) return { kind: 'no-node' };
    const { tenant, callId, profile } = facts;
    const about = { tenant, callId, fromLeg: caller.legId, toLeg: legId, branch: legId, node: this.#node };
    const anchored = await media.answer({ ...about, sdp, profile });
    // The node may have been started anew while nobody had noticed, and has another name by now.
    if (anchored.kind === 'anchored') this.#node = anchored.node;
    return anchored;
  }

  /** A device's offer for a caller who left it to him. */
  async #offerLate({ legId: fromLeg, target }: Branch, sdp: string): Promise<Anchored> {
    const { facts, caller, media, placeOf, isOver } = this.#deps;
    const { tenant, callId, profile, place } = facts;
    const places = between(placeOf(target), place);
    const branch = caller.legId;
    const anchored = await media.offer({ tenant, callId, fromLeg, branch, sdp, profile, places });
    if (anchored.kind === 'anchored') this.#node = anchored.node;
    // Who left meanwhile released nothing: there was nothing to name yet.
    if (isOver()) await this.release();
    return anchored;
  }
}

interface Said {
  readonly fork: Fork;
  readonly branch: Branch;
  readonly sdp: string;
}

/** Whether two descriptions say the same; who made them, and how often, is no part of it. RFC 4566 §5.2 */
function isSame(one: string, other: string): boolean {
  const rest = (sdp: string): string => sdp.replace(/^o=.*\r?\n/m, '');
  return rest(one) === rest(other);
}
