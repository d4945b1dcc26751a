import { type CallId, type LegId } from '@callweave/contracts';
import { type IncomingRequest } from '@callweave/srf';
import { type CallTeller } from './call-ports.ts';
import { type CallRecords } from './call-records.ts';
import { EstablishedCall, type EstablishedDeps, type EstablishedParts, type MediaPlace } from './established-call.ts';
import { type Side } from './session.ts';

/** A call that could not be stored is tried again after this long: an election takes seconds. */
const KEEP_AGAIN_MS = 1_000;

export interface EstablishedCallsDeps extends Pick<
  EstablishedDeps,
  'media' | 'refer' | 'resume' | 'leave' | 'faults' | 'clock' | 'log'
> {
  readonly records: Pick<CallRecords, 'keep' | 'change' | 'repair' | 'end'>;
  /** Lets a call go on whose side has lost its connection, if that has another one by now. */
  readonly follow?: ((call: EstablishedCall, side: Side) => Promise<boolean>) | undefined;
  /** A call is in hand from now on, with these parts. */
  readonly entered?: ((call: EstablishedCall) => void) | undefined;
}

/** What the legs of answered calls tell; each is for the call its leg is in now, which a transfer may change. */
export interface AnsweredLegs {
  /** Whether a leg is in one of them. */
  has(legId: LegId): boolean;
  left(legId: LegId, q850?: number): void;
  lost(legId: LegId): void;
  relay(request: IncomingRequest, legId: LegId): Promise<void>;
  acknowledged(legId: LegId, sdp: string | undefined): void;
}

/** The answered calls in the hands of this edge. */
export class EstablishedCalls implements AnsweredLegs {
  readonly #deps: EstablishedCallsDeps;
  readonly #ofCalls: EstablishedDeps;
  readonly #calls = new Map<string, EstablishedCall>();
  readonly #byLeg = new Map<LegId, EstablishedCall>();

  constructor(deps: EstablishedCallsDeps) {
    this.#deps = deps;
    const { records, media, refer, resume, leave, faults, clock, log } = deps;
    this.#ofCalls = {
      ...{ media, refer, resume, leave, faults, clock, log },
      changed: (call, session) => records.change(call.parts, session, call.teller.sequence),
      markEnded: (callId, cause, given) => records.end(callId, cause, given),
      disposed: (ended) => this.#forget(ended),
    };
  }

  get size(): number {
    return this.#calls.size;
  }

  get all(): readonly EstablishedCall[] {
    return [...this.#calls.values()];
  }

  /** Resolves when every end that has begun is stored and told. */
  async endsTold(): Promise<void> {
    await Promise.all(this.all.map(({ ending }) => ending));
  }

  /** A call that has just been answered here; its records are on their way when this returns. */
  establish(parts: EstablishedParts, teller: CallTeller): AnsweredLegs {
    void this.#keep(this.restore(parts, teller));
    return this;
  }

  /** Whoever takes a call over goes by its record: what could not be stored is stored later, as it is by then. */
  async #keep(call: EstablishedCall): Promise<void> {
    const { records, clock } = this.#deps;
    const { parts, session, teller } = call;
    if (await records.keep({ ...parts, session }, teller.sequence, teller.detail)) return;
    clock.after(KEEP_AGAIN_MS, () => {
      const present = this.#calls.get(parts.callId);
      if (present?.state === 'talking') void this.#keep(present);
    });
  }

  /** Lets a call go on as `parts`, where one side is another party than before; resolves when the records say so. */
  repair(call: EstablishedCall, parts: EstablishedParts): Promise<void> {
    call.repair(() => this.restore(parts, call.teller));
    return this.#deps.records.repair(call.parts, parts, call.teller);
  }

  /** Lets a call go on with its media elsewhere; resolves when the records say so. */
  move(call: EstablishedCall, to: MediaPlace): Promise<void> {
    const before = call.parts;
    call.move(to);
    return this.#deps.records.repair(before, call.parts, call.teller);
  }

  /** A call that was answered elsewhere. */
  restore(parts: EstablishedParts, teller: CallTeller): EstablishedCall {
    const call = new EstablishedCall(parts, teller, this.#ofCalls);
    this.#calls.set(parts.callId, call);
    for (const leg of [parts.caller, parts.callee]) this.#byLeg.set(leg.legId, call);
    this.#deps.entered?.(call);
    return call;
  }

  /** Whether a call is over whose end is not told yet. */
  isEnding(callId: string): boolean {
    return this.#calls.get(callId)?.state === 'ended';
  }

  byId(callId: CallId): EstablishedCall | undefined {
    return this.#calls.get(callId);
  }

  ofLeg(legId: LegId): EstablishedCall | undefined {
    return this.#byLeg.get(legId);
  }

  has(legId: LegId): boolean {
    return this.#byLeg.has(legId);
  }

  left(legId: LegId, q850?: number): void {
    this.#of(legId, (call, side) => call.left(side, q850));
  }

  lost(legId: LegId): void {
    this.#of(legId, (call, side) => void this.#lost(call, side));
  }

  acknowledged(legId: LegId, sdp: string | undefined): void {
    this.#of(legId, (call, side) => call.acknowledged(side, sdp));
  }

  /** Agrees to the session of a leg anew, as it is. */
  async renew(legId: LegId): Promise<'accepted' | 'refused' | 'gone'> {
    return (await this.#of(legId, (call, side) => call.renew(side))) ?? 'gone';
  }

  async relay(request: IncomingRequest, legId: LegId): Promise<void> {
    const relayed = this.#of(legId, (call, side) => call.relay(request, side));
    await (relayed ?? request.reply({ status: 481 }));
  }

  #of<T>(legId: LegId, act: (call: EstablishedCall, side: Side) => T): T | undefined {
    const call = this.#byLeg.get(legId);
    return call === undefined ? undefined : act(call, call.parts.caller.legId === legId ? 'caller' : 'callee');
  }

  async #lost(call: EstablishedCall, side: Side): Promise<void> {
    if ((await this.#deps.follow?.(call, side)) !== true) call.lost('unreachable', side);
  }

  #forget(call: EstablishedCall): void {
    const { callId, caller, callee } = call.parts;
    if (this.#calls.get(callId) === call) this.#calls.delete(callId);
    for (const { legId } of [caller, callee]) if (this.#byLeg.get(legId) === call) this.#byLeg.delete(legId);
  }
}
