import { type Timer } from '@callweave/clock';
import { type Application } from '@callweave/contracts';
import { type CallDeps } from '../call/call.ts';
import { type EstablishedCall } from '../call/established-call.ts';
import { otherSide, type Side } from '../call/session.ts';
import { applicationTarget } from '../call/targets.ts';
import { newMediaId, type Search, type SearchEvents } from './newcomer.ts';
import { type Destinations, Outdial, type OutdialDeps, type OutdialFacts } from './outdial.ts';
import { Transfer, type TransferDeps } from './transfer.ts';
import { domainOf, identityOf, MAX_TRANSFERS, remainingOf } from './transfers.ts';

/** A server that died is back by then, or another one is found. */
const SEEK_MS = 30_000;
const AGAIN_MS = 500;

export interface ResumptionsDeps extends TransferDeps, OutdialDeps, Pick<CallDeps, 'applicationServer'> {
  /** Why nobody may be called from here now; undefined when they may. */
  readonly notReady: () => string | undefined;
}

/**
 * Lets calls go on whose application is gone: the party that remains is placed anew with an application server, which
 * begins with the same step. When none takes it for long the call is over.
 */
export class Resumptions {
  readonly #deps: ResumptionsDeps;

  constructor(deps: ResumptionsDeps) {
    this.#deps = deps;
  }

  /** False when the call cannot wait for another application. */
  resume(call: EstablishedCall, side: Side): boolean {
    const { log } = this.#deps;
    const { callId, transfers, applications } = call.parts;
    const application = applications[side];
    if (application === undefined || transfers >= MAX_TRANSFERS) return false;
    // Who is replacing it already is looked for; of a second one nobody has need.
    if (call.replacing !== undefined) return call.replacing.left(side);
    log.info('application.seek', { callId, action: application.action });
    const search = new Seeking(() => this.#outdial(call, side, application), this.#deps);
    const initiator = {
      progress: () => undefined,
      failed: (status: number) => {
        log.warn('application.not-found', { callId, status });
        call.hangUp({ by: 'platform', reason: 'node-lost' });
      },
      // One that was only frozen, or cut off from us, is not to serve on.
      done: () => lost.hangUp(),
      left: () => undefined,
    };
    const { [side]: lost } = call.parts;
    new Transfer({ call, side, search, initiator }, this.#deps).start();
    return true;
  }

  #outdial(call: EstablishedCall, side: Side, application: Application): Outdial {
    const { applicationServer } = this.#deps;
    const { tenant } = call.parts;
    const { remoteUri: to } = call.parts[side].dialog;
    const facts: OutdialFacts = {
      ...{ tenant, mediaId: newMediaId(call), to, referredBy: undefined },
      itinerary: toApplication(application, applicationServer),
      identity: identityOf(call, otherSide(side), domainOf(to)),
      remaining: remainingOf(call, otherSide(side)),
      note: (change) => call.teller.note(change),
    };
    return new Outdial(facts, this.#deps);
  }
}

/** One place to go to, and no other. */
function toApplication(application: Application, server: CallDeps['applicationServer']): Destinations {
  let address = server();
  return {
    route: () =>
      Promise.resolve(
        address === undefined
          ? { kind: 'refuse', reply: { status: 503 } }
          : { kind: 'routed', targets: [{ kind: 'application', ...application }] },
      ),
    next: () => {
      const group = address === undefined ? undefined : [applicationTarget(application, address)];
      address = undefined;
      return Promise.resolve(group);
    },
    redirect: () => undefined,
    goesOnAfter: () => false,
    failed: () => undefined,
    isLoop: false,
  };
}

/** Calls again and again until somebody answers, for as long as a server may take to come back. */
class Seeking implements Search {
  readonly #call: () => Search;
  readonly #deps: Pick<ResumptionsDeps, 'notReady' | 'clock'>;
  #current: Search | undefined;
  #timer: Timer | undefined;
  #untilMs = 0;

  constructor(call: () => Search, deps: Pick<ResumptionsDeps, 'notReady' | 'clock'>) {
    this.#call = call;
    this.#deps = deps;
  }

  start(events: SearchEvents): void {
    this.#untilMs = this.#deps.clock.monotonicMs() + SEEK_MS;
    this.#seek(events);
  }

  stop(status: number): void {
    this.#timer?.cancel();
    this.#current?.stop(status);
  }

  kept(stored: Promise<void>): void {
    this.#current?.kept(stored);
  }

  #seek(events: SearchEvents): void {
    const { clock, notReady } = this.#deps;
    const failed = (status: number): void => {
      if (clock.monotonicMs() >= this.#untilMs) events.failed(status);
      else this.#timer = clock.after(AGAIN_MS, () => this.#seek(events));
    };
    if (notReady() !== undefined) {
      failed(503);
      return;
    }
    this.#current = this.#call();
    this.#current.start({ ...events, failed });
  }
}
