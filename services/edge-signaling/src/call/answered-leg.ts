import { type CallId, type LegId } from '@callweave/contracts';
import { type IncomingRequest } from '@callweave/srf';
import { type DialogEvents, type LegTable } from '../leg/leg.ts';
import { type CallFaults } from './call-ports.ts';
import { type AnsweredLegs } from './established-calls.ts';
import { readQ850 } from './q850.ts';

/** Who is told what the legs of an answered call see. */
export interface AnsweredLegDeps {
  readonly answered: AnsweredLegs;
  readonly legs: LegTable;
  /** The caller has acknowledged the answer. */
  readonly acknowledged: (callId: CallId) => void;
  readonly faults?: CallFaults;
}

/** What a leg of an answered call sees goes to whatever call it is in; nothing of how that came about is kept for it. */
export class AnsweredLeg implements DialogEvents {
  readonly #legId: LegId;
  /** The call that waits for the first ACK of its caller. */
  #called: CallId | undefined;
  readonly #deps: AnsweredLegDeps;

  /** `called` is the call that the leg began, if it is that of a caller. */
  constructor(legId: LegId, deps: AnsweredLegDeps, called?: CallId) {
    this.#legId = legId;
    this.#called = called;
    this.#deps = deps;
  }

  bye(request: IncomingRequest): void {
    this.#deps.answered.left(this.#legId, readQ850(request.header('reason')));
  }

  lost(): void {
    this.#deps.answered.lost(this.#legId);
  }

  request(request: IncomingRequest): Promise<void> {
    return this.#deps.answered.relay(request, this.#legId);
  }

  acknowledged(sdp: string | undefined): void {
    const { answered, acknowledged, faults } = this.#deps;
    answered.acknowledged(this.#legId, sdp);
    if (this.#called === undefined) return;
    acknowledged(this.#called);
    this.#called = undefined;
    faults?.pass('after-ack');
  }

  disposed(): void {
    this.#deps.legs.delete(this.#legId);
  }
}
