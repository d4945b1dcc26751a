import { type Clock } from '@callweave/clock';
import { type OutgoingEvents, type OutgoingRequest, type SentRequest } from '@callweave/srf';
import { counter, type Logger, note } from '@callweave/telemetry';
import { type SendRequest } from '../leg/leg.ts';
import { inviteBytesSaved, invitesTooLong } from '../metrics.ts';
import { diet, sizeOf } from './diet.ts';

/** What every network carries in one piece: an INVITE above it is cut up, and some devices and firewalls drop the parts. */
export const DATAGRAM_BYTES = 1_300;

/** Silence about a shorter one has another reason: the smallest networks there are carry 1,280 bytes, some tunnels less. */
const LONG_BYTES = 900;

/** What is tried next with a device that said nothing to an INVITE of some length. */
const STEP = 0.75;

/** Devices remembered, and for how long: a phone that was unplugged must not be put on diet for ever. */
const MAX_SILENT = 10_000;
const REMEMBERED_MS = 24 * 3_600_000;

export interface GuardianDeps {
  readonly send: SendRequest;
  /** Names of headers that may be left out, lower case; one that ends in `*` stands for all that begin so. */
  readonly extras: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Keeps INVITEs to devices short enough to arrive: those by UDP that are too long are put on a diet. A device that says
 * nothing at all to a long one is remembered, and the next is shorter.
 */
export class MtuGuardian {
  readonly #deps: GuardianDeps;
  /** What a device that was silent is sent at most, by where it is. */
  readonly #silent = new Map<string, { readonly budget: number; readonly untilMs: number }>();
  readonly #saved = counter(inviteBytesSaved);
  readonly #tooLong = counter(invitesTooLong);

  constructor(deps: GuardianDeps) {
    this.#deps = deps;
  }

  /** Sends a request, in a form that arrives. */
  readonly send: SendRequest = (request, events) => {
    const { send } = this.#deps;
    const device = request.nextHop ?? request.uri;
    const isGuarded = request.method === 'INVITE' && request.dialogId === undefined && request.isInternal !== true;
    if (!isGuarded || !isByUdp(device)) return send(request, events);
    const budget = this.#budgetOf(device);
    // A device behind a NAT, which is where its binding does not say, cannot be connected to.
    const canConnect = request.nextHop === undefined;
    const lean = diet(request, { budget, isExtra: (name) => this.#isExtra(name), canConnect });
    if (lean === undefined) return send(request, this.#listening(device, sizeOf(request), events));
    for (const [rule, bytes] of lean.saved) this.#saved.add(bytes, { rule });
    note('mtu.diet', {
      budget,
      ...Object.fromEntries([...lean.saved].map(([rule, bytes]) => [`saved.${rule}`, bytes])),
    });
    if (lean.saved.has('tcp')) return this.#sendByTcp(lean.request, request, events);
    const bytes = sizeOf(lean.request);
    if (bytes - (lean.saved.get('compact') ?? 0) > budget) {
      this.#tooLong.add(1);
      this.#deps.log.info('invite.too-long', { device, bytes, budget });
    }
    return send(lean.request, this.#listening(device, bytes, events));
  };

  /** RFC 3261 §18.1.1: where there is no TCP, UDP is tried all the same. */
  #sendByTcp(request: OutgoingRequest, asItWas: OutgoingRequest, events: OutgoingEvents): SentRequest {
    const { send } = this.#deps;
    let isCancelled = false;
    const again = (): void => {
      this.#deps.log.info('invite.no-tcp', { device: request.nextHop });
      sent = send(asItWas, events);
    };
    let sent = send(request, {
      ...events,
      responded: (response) => {
        // Made by the engine: nobody was reached.
        if (response.source === '' && response.status === 503 && !isCancelled) again();
        else events.responded(response);
      },
      failed: (error) => {
        if (isCancelled) events.failed(error);
        else again();
      },
    });
    return {
      cancel: (headers) => {
        isCancelled = true;
        sent.cancel(headers);
      },
    };
  }

  /** Notes whether the device says anything to a request of so many bytes. */
  #listening(device: string, bytes: number, events: OutgoingEvents): OutgoingEvents {
    return {
      ...events,
      responded: (response) => {
        if (response.source === '' && response.status === 408) this.#wasSilent(device, bytes);
        events.responded(response);
      },
    };
  }

  #wasSilent(device: string, bytes: number): void {
    const wasShort = this.#silent.delete(device);
    // Who does not answer a short one either is not there.
    if (wasShort || bytes < LONG_BYTES) return;
    const budget = Math.floor(STEP * bytes);
    this.#deps.log.info('device.silent', { device, bytes, budget });
    const [oldest] = this.#silent.keys();
    if (this.#silent.size >= MAX_SILENT && oldest !== undefined) this.#silent.delete(oldest);
    this.#silent.set(device, { budget, untilMs: this.#deps.clock.monotonicMs() + REMEMBERED_MS });
  }

  #budgetOf(device: string): number {
    const known = this.#silent.get(device);
    if (known === undefined) return DATAGRAM_BYTES;
    if (known.untilMs > this.#deps.clock.monotonicMs()) return known.budget;
    this.#silent.delete(device);
    return DATAGRAM_BYTES;
  }

  #isExtra(name: string): boolean {
    const lower = name.toLowerCase();
    return this.#deps.extras.some((one) => (one.endsWith('*') ? lower.startsWith(one.slice(0, -1)) : lower === one));
  }
}

function isByUdp(uri: string): boolean {
  const transport = /;transport=([a-z]+)/i.exec(uri)?.[1]?.toLowerCase() ?? 'udp';
  return transport === 'udp' && !/^<?sips:/i.test(uri);
}
