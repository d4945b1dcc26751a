import { type Application } from '@callweave/contracts';
import { type CallDeps } from '../call/call.ts';
import { type EstablishedCall } from '../call/established-call.ts';
import { TEMPORARY_FAILURE } from '../call/q850.ts';
import { otherSide, type Side } from '../call/session.ts';
import { applicationTarget } from '../call/targets.ts';
import { newMediaId } from './newcomer.ts';
import { type Destinations, Outdial, type OutdialDeps, type OutdialFacts } from './outdial.ts';
import { type Initiator, Transfer, type TransferDeps } from './transfer.ts';
import { domainOf, identityOf, MAX_TRANSFERS, remainingOf } from './transfers.ts';

/** A server that died is back by then, or another one is found. */
const SEEK_MS = 30_000;
/** Between two attempts: twice as long each time, at a time of chance, since many calls may seek the same server. */
const AGAIN_MS = 500;
const LONGEST_MS = 4_000;

export interface ResumptionsDeps extends TransferDeps, OutdialDeps, Pick<CallDeps, 'applicationServer'> {
  /** Why nobody may be called from here now; undefined when they may. */
  readonly notReady: () => string | undefined;
}

/** A call whose application is gone. */
interface Seeking {
  readonly call: EstablishedCall;
  readonly side: Side;
  readonly application: Application;
  readonly untilMs: number;
}

/**
 * Lets calls go on whose application is gone: the party that remains is placed anew with an application server, which
 * begins with the same step. When none takes it for long the call is over.
 */
export class Resumptions {
  readonly #deps: ResumptionsDeps;
  readonly #seeking = new WeakSet<EstablishedCall>();

  constructor(deps: ResumptionsDeps) {
    this.#deps = deps;
  }

  /** False when the call cannot wait for another application. */
  resume(call: EstablishedCall, side: Side): boolean {
    const { clock, log } = this.#deps;
    const { callId, transfers, applications } = call.parts;
    const application = applications[side];
    if (application === undefined || transfers >= MAX_TRANSFERS) return false;
    if (this.#seeking.has(call)) return true;
    this.#seeking.add(call);
    log.info('application.seek', { callId, action: application.action });
    this.#seek({ call, side, application, untilMs: clock.monotonicMs() + SEEK_MS }, 0);
    return true;
  }

  #seek(seeking: Seeking, attempt: number): void {
    const { call, side, untilMs } = seeking;
    const { notReady, random, clock, log } = this.#deps;
    // It is over, or goes on in other hands.
    if (call.state === 'ended') return;
    const failed = (status: number): void => {
      if (call.state === 'ended') return;
      if (clock.monotonicMs() < untilMs) {
        const delayMs = Math.min(AGAIN_MS * 2 ** attempt, LONGEST_MS) * (0.5 + random() / 2);
        clock.after(delayMs, () => this.#seek(seeking, attempt + 1));
        return;
      }
      log.warn('application.not-found', { callId: call.parts.callId, status });
      call.hangUp({ by: 'platform', reason: 'node-lost' });
    };
    // Somebody may be replacing one of the two as he asked for.
    if (notReady() !== undefined || call.replacing !== undefined) {
      failed(503);
      return;
    }
    const { [side]: lost } = call.parts;
    const initiator: Initiator = {
      progress: () => undefined,
      failed,
      // One that was only frozen, or cut off from us, is not to serve on.
      done: () => lost.hangUp(),
      left: (q850) => {
        // It was about to hang up in any case.
        if (q850 !== TEMPORARY_FAILURE) call.hangUp({ by: side, reason: 'hang-up' });
      },
    };
    new Transfer({ call, side, search: this.#outdial(seeking), initiator }, this.#deps).start();
  }

  #outdial({ call, side, application }: Seeking): Outdial {
    const { applicationServer } = this.#deps;
    const { tenant } = call.parts;
    const { remoteUri: to } = call.parts[side].dialog;
    const facts: OutdialFacts = {
      ...{ tenant, mediaId: newMediaId(call), to, referredBy: undefined },
      itinerary: toApplication(application, applicationServer()),
      identity: identityOf(call, otherSide(side), domainOf(to)),
      remaining: remainingOf(call, otherSide(side)),
      // The record of the call has who takes the place, and not who was asked in vain.
      note: () => undefined,
    };
    return new Outdial(facts, this.#deps);
  }
}

/** One place to go to, and no other. */
function toApplication(application: Application, server: string | undefined): Destinations {
  const groups = server === undefined ? [] : [[applicationTarget(application, server)]];
  return {
    route: () =>
      Promise.resolve(
        server === undefined
          ? { kind: 'refuse', reply: { status: 503 } }
          : { kind: 'routed', targets: [{ kind: 'application', ...application }] },
      ),
    next: () => Promise.resolve(groups.shift()),
    redirect: () => undefined,
    goesOnAfter: () => false,
    failed: () => undefined,
    isLoop: false,
  };
}
