import { BusError } from '@callweave/bus';
import { type Clock, type Timer } from '@callweave/clock';
import { type InstanceId } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { type CallRecords } from '../call/call-records.ts';
import { type EstablishedCall } from '../call/established-call.ts';
import { type EstablishedCalls } from '../call/established-calls.ts';

const TICK_MS = 50;
/** An edge that stood still this long may have been given up: others wait 300 ms for it. */
const STALL_MS = 200;
/** Calls looked up at a time when all are in doubt. */
const BATCH = 20;

export interface DoubtsDeps {
  readonly calls: EstablishedCalls;
  readonly records: Pick<CallRecords, 'find'>;
  readonly owner: () => InstanceId;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Whether the calls in our hands are still ours. An edge that stood still, or that nobody could reach, may have been
 * taken for dead; before it does anything more for a call it looks the call up.
 */
export class Doubts {
  readonly #deps: DoubtsDeps;
  readonly #timer: Timer;
  #doubtful = new Set<EstablishedCall>();
  #tickAtMs: number;
  #settling = false;

  constructor(deps: DoubtsDeps) {
    this.#deps = deps;
    this.#tickAtMs = deps.clock.monotonicMs();
    this.#timer = deps.clock.every(TICK_MS, () => this.#tick());
  }

  /** Puts every call in hand in doubt, and settles them one after the other. */
  raise(): void {
    this.#doubtful = new Set(this.#deps.calls.all);
    void this.#settleAll();
  }

  /** Whether the call may be acted for; one that another edge has taken over is let go first. */
  async settle(call: EstablishedCall): Promise<boolean> {
    this.#tick();
    if (this.#doubtful.has(call)) await this.#lookUp(call);
    return call.state === 'talking';
  }

  stop(): void {
    this.#timer.cancel();
  }

  #tick(): void {
    const now = this.#deps.clock.monotonicMs();
    const stoodStillMs = now - this.#tickAtMs - TICK_MS;
    this.#tickAtMs = now;
    if (stoodStillMs > STALL_MS) this.raise();
  }

  async #settleAll(): Promise<void> {
    if (this.#settling) return;
    this.#settling = true;
    try {
      while (this.#doubtful.size > 0) {
        await Promise.all([...this.#doubtful].slice(0, BATCH).map((call) => this.#lookUp(call)));
      }
    } finally {
      this.#settling = false;
    }
  }

  async #lookUp(call: EstablishedCall): Promise<void> {
    const { records, owner, log } = this.#deps;
    const { callId, epoch, caller } = call.parts;
    try {
      const found = await records.find(caller.legId);
      this.#doubtful.delete(call);
      // What is not stored nobody else can have.
      if (found === undefined || call.state !== 'talking') return;
      const isOurs = found.call.owner === owner() && found.call.epoch === epoch && found.call.state !== 'ended';
      if (isOurs) return;
      log.warn('call.superseded', { callId, owner: found.call.owner, epoch: found.call.epoch });
      call.supersede();
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      // Whoever cannot ask goes on: the bus is never in the way of a hang-up. Coming back it raises doubts anew.
      ignore(log, error, 'the call goes on unconfirmed');
      this.#doubtful.delete(call);
    }
  }
}
