import { type CallId, type LegId } from '@callweave/contracts';
import { type CallTeller } from './call-ports.ts';
import { type CallRecords } from './call-records.ts';
import { EstablishedCall, type EstablishedDeps, type EstablishedParts } from './established-call.ts';

export interface EstablishedCallsDeps extends Pick<EstablishedDeps, 'media' | 'clock' | 'log'> {
  readonly records: Pick<CallRecords, 'keep' | 'change' | 'end'>;
}

/** The answered calls in the hands of this edge. */
export class EstablishedCalls {
  readonly #deps: EstablishedCallsDeps;
  readonly #calls = new Map<CallId, EstablishedCall>();
  readonly #byLeg = new Map<LegId, EstablishedCall>();

  constructor(deps: EstablishedCallsDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#calls.size;
  }

  get all(): readonly EstablishedCall[] {
    return [...this.#calls.values()];
  }

  /** A call that has just been answered here; its records are on their way when this returns. */
  establish(parts: EstablishedParts, teller: CallTeller): EstablishedCall {
    const call = this.restore(parts, teller);
    this.#deps.records.keep(parts, teller.sequence, teller.detail);
    return call;
  }

  /** A call that was answered elsewhere. */
  restore(parts: EstablishedParts, teller: CallTeller): EstablishedCall {
    const { records, media, clock, log } = this.#deps;
    const call = new EstablishedCall(parts, {
      media,
      teller,
      changed: (session) => records.change(parts, session, teller.sequence),
      markEnded: (callId, cause) => records.end(callId, cause),
      clock,
      log,
      disposed: (ended) => this.#forget(ended),
    });
    this.#calls.set(parts.callId, call);
    for (const leg of [parts.caller, parts.callee]) this.#byLeg.set(leg.legId, call);
    return call;
  }

  byId(callId: CallId): EstablishedCall | undefined {
    return this.#calls.get(callId);
  }

  ofLeg(legId: LegId): EstablishedCall | undefined {
    return this.#byLeg.get(legId);
  }

  #forget(call: EstablishedCall): void {
    const { callId, caller, callee } = call.parts;
    if (this.#calls.get(callId) === call) this.#calls.delete(callId);
    for (const { legId } of [caller, callee]) if (this.#byLeg.get(legId) === call) this.#byLeg.delete(legId);
  }
}
