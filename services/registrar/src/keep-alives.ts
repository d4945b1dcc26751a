import { rendezvousOrder } from '@callweave/bus';
import { type Clock, type Timer } from '@callweave/clock';
import { type EpochMs, type InstanceId, type LocationRecord } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { Calendar } from './calendar.ts';

/** A device that its NAT would forget. */
export interface KeptDevice {
  readonly contact: string;
  /** Where it was seen, `ip:port`. */
  readonly received: string;
}

/** The edges, as far as they ask devices for us. */
export interface AskingEdges {
  /** The edge at which they are registered; false when there is no such edge any more. */
  ask(edge: InstanceId, devices: readonly KeptDevice[]): Promise<boolean>;
  /** Any edge: it may be at the same address. */
  askAny(devices: readonly KeptDevice[]): Promise<unknown>;
}

export interface KeepAlivesDeps {
  readonly instance: string;
  /** Live registrars, this one included. */
  readonly peers: () => readonly string[];
  /** Why this replica may not act now; undefined when it may. */
  readonly notReady: () => string | undefined;
  readonly edges: AskingEdges;
  /** Between two questions to one device, s. */
  readonly everySec: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Kept extends KeptDevice {
  readonly edge: InstanceId;
  readonly expiresAt: EpochMs;
}

const TICK_MS = 1_000;
/** In one question to an edge. */
const DEVICES_AT_ONCE = 200;

/**
 * Has devices behind NATs asked something at intervals, or nobody could call them: a NAT forgets who says nothing by UDP
 * for half a minute. Every registrar knows when; the first in rendezvous order of those that live has it done.
 */
export class KeepAlives {
  readonly #deps: KeepAlivesDeps;
  readonly #calendar = new Calendar();
  readonly #kept = new Map<string, readonly Kept[]>();
  readonly #timer: Timer | undefined;

  constructor(deps: KeepAlivesDeps) {
    this.#deps = deps;
    if (deps.everySec > 0) this.#timer = deps.clock.every(TICK_MS, () => this.#look());
  }

  /** Notes which devices of `record` are to be asked; called by the watch of the bucket. */
  note(key: string, { bindings }: LocationRecord): void {
    const kept = bindings.flatMap(({ contact, received, keepAlive, edge, expiresAt }) =>
      keepAlive === undefined || received === undefined ? [] : [{ contact, received, edge, expiresAt }],
    );
    if (kept.length === 0) {
      this.#kept.delete(key);
      this.#calendar.cancel(key);
      return;
    }
    const { everySec, random, clock } = this.#deps;
    // Not all at once after a start.
    if (!this.#kept.has(key)) this.#calendar.schedule(key, clock.epochMs() + everySec * 1_000 * random());
    this.#kept.set(key, kept);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { clock, everySec, peers, instance, notReady } = this.#deps;
    const now = clock.epochMs();
    const mayAct = notReady() === undefined;
    const byEdge = new Map<InstanceId, KeptDevice[]>();
    for (const key of this.#calendar.due(now)) {
      const kept = (this.#kept.get(key) ?? []).filter(({ expiresAt }) => expiresAt > now);
      if (kept.length === 0) {
        this.#kept.delete(key);
        continue;
      }
      this.#calendar.schedule(key, now + everySec * 1_000);
      if (!mayAct || rendezvousOrder(key, peers())[0] !== instance) continue;
      for (const { edge, contact, received } of kept) {
        const devices = byEdge.get(edge);
        if (devices === undefined) byEdge.set(edge, [{ contact, received }]);
        else devices.push({ contact, received });
      }
    }
    for (const [edge, devices] of byEdge) {
      for (let at = 0; at < devices.length; at += DEVICES_AT_ONCE)
        void this.#ask(edge, devices.slice(at, at + DEVICES_AT_ONCE));
    }
  }

  async #ask(edge: InstanceId, devices: readonly KeptDevice[]): Promise<void> {
    const { edges, log } = this.#deps;
    try {
      if (!(await edges.ask(edge, devices))) await edges.askAny(devices);
    } catch (error) {
      ignore(log, error, 'the devices are asked the next time');
    }
  }
}
