import { type Clock, type Timer } from '@callweave/clock';
import { type CallId, type LegId } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { engineDialogId } from '../leg/dialog.ts';
import { type Leg, type SendRequest } from '../leg/leg.ts';
import { type EstablishedCall } from './established-call.ts';
import { type EstablishedCalls } from './established-calls.ts';
import { type Side, SIDES } from './session.ts';

const BEAT_MS = 3_000;
/** An application server that does not answer so many beats is gone: one that is slow is not. */
const MAX_MISSED = 3;

export interface ApplicationWatchDeps {
  readonly calls: Pick<EstablishedCalls, 'all' | 'byId'>;
  readonly send: SendRequest;
  /** Whether our own engine can ask anybody. */
  readonly canAsk: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Asks application servers whether they still have the calls that are with them: one that died remembers none, and who
 * is with it would listen to silence for ever. It is asked outside the dialog, whose numbers are for what changes a call.
 */
export class ApplicationWatch {
  readonly #deps: ApplicationWatchDeps;
  readonly #timer: Timer;
  /** Beats that were not answered in a row, by the leg to the application. */
  #missed = new Map<LegId, number>();
  /** Calls whose application is gone, with their leg to it: nothing more is to be heard of that while they seek another. */
  readonly #lostBy = new WeakMap<EstablishedCall, LegId>();

  constructor(deps: ApplicationWatchDeps) {
    this.#deps = deps;
    this.#timer = deps.clock.every(BEAT_MS, () => this.#beat());
  }

  stop(): void {
    this.#timer.cancel();
  }

  #beat(): void {
    const { calls, canAsk } = this.#deps;
    const before = this.#missed;
    this.#missed = new Map();
    if (!canAsk()) return;
    for (const call of calls.all) {
      const side = applicationOf(call);
      // While somebody is being replaced nobody is asked.
      if (side === undefined || call.state !== 'talking' || call.replacing !== undefined) continue;
      const { callId, [side]: leg } = call.parts;
      if (this.#lostBy.get(call) === leg.legId) continue;
      const missed = (before.get(leg.legId) ?? 0) + 1;
      if (missed > MAX_MISSED) this.#lost(callId, leg);
      else {
        this.#missed.set(leg.legId, missed);
        this.#ask(callId, leg);
      }
    }
  }

  #ask(callId: CallId, leg: Leg): void {
    const { identity, legId, dialog } = leg;
    this.#deps.send(
      {
        method: 'OPTIONS',
        uri: dialog.remoteTarget,
        headers: { 'X-App-Dialog': engineDialogId(identity.callId, legId) },
        isInternal: true,
      },
      {
        responded: ({ status }) => {
          if (status === 200) this.#missed.set(legId, 0);
          else if (status === 481) this.#lost(callId, leg);
          else if (status === 410) this.#ended(callId, leg);
        },
        failed: () => undefined,
      },
    );
  }

  #lost(callId: CallId, leg: Leg): void {
    this.#of(callId, leg, (call, side) => {
      this.#lostBy.set(call, leg.legId);
      this.#deps.log.warn('application.lost', { callId });
      call.lost('node-lost', side);
    });
  }

  /** It has hung up, and that was heard by an edge that is gone. */
  #ended(callId: CallId, leg: Leg): void {
    this.#of(callId, leg, (call, side) => call.left(side));
  }

  #of(callId: CallId, { legId }: Leg, act: (call: EstablishedCall, side: Side) => void): void {
    const call = this.#deps.calls.byId(callId);
    const side = call === undefined ? undefined : applicationOf(call);
    // It may be with another one by now.
    if (call !== undefined && side !== undefined && call.parts[side].legId === legId) act(call, side);
  }
}

/** On which side of a call there is an application; the records of earlier versions do not say which one it is. */
function applicationOf({ parts: { applications, users } }: EstablishedCall): Side | undefined {
  const known = SIDES.find((side) => applications[side] !== undefined);
  return known ?? (users.callee === undefined ? 'callee' : undefined);
}
