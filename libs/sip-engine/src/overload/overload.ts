import { type Clock } from '@callweave/clock';
import { type IdSource, SipError, type SipRequest } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';
import { type App } from '../core/app.ts';
import { type Quirks } from '../core/quirks.ts';
import { RETRY_AFTER_SEC } from '../core/refuse-request.ts';
import { reject, retryLater } from '../core/reject.ts';
import { makesDialog } from '../core/uas-request.ts';
import { serverKey } from '../transaction/match.ts';
import { type TransactionStore } from '../transaction/store.ts';
import { type Flow, type Inbound, type Listener } from '../transport/transport.ts';
import { type LimitCounts } from '../limit-counts.ts';
import { type OverloadOptions } from '../options.ts';
import { OverloadController } from './controller.ts';
import { QueueProbe } from './queue-probe.ts';

/** How often waits are measured, while there is traffic. */
const SAMPLE_MS = 50;

/** How long the same calls are let in: copies of one request come within 4 s, its answer to a challenge soon after. */
const SAME_CALLS_MS = 10_000;

/** Peers are told to come back at different times, or they would all come at once. */
const RETRY_SPREAD_SEC = 10;

/** Requests that end or go on with something we have already taken on. */
const FOLLOW_UPS: ReadonlySet<string> = new Set(['ACK', 'CANCEL', 'BYE', 'PRACK', 'UPDATE']);

/** Calls to emergency services are taken on as long as anything is, RFC 5031, RFC 7339 §5.10.1. */
const EMERGENCY = 'urn:service:sos';

export interface OverloadDeps {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly limits: LimitCounts;
  readonly quirks: Quirks;
  readonly transactions: Pick<TransactionStore, 'server'>;
  readonly dialogs: { readonly size: number };
  readonly maxDialogs: number;
}

/**
 * Refuses new requests with 503 when messages wait too long, so that calls in progress are served in time. What belongs
 * to a dialog or a transaction is let in always. A request is looked at as little as can be: refusing costs a fraction
 * of serving, or there would be nothing gained.
 */
export class Overload {
  readonly #deps: OverloadDeps;
  readonly #options: OverloadOptions | undefined;
  readonly #controller: OverloadController;
  #probes: readonly QueueProbe[] = [];
  #offered = 0;
  #isSampling = false;
  #isStopped = false;
  #hadTraffic = false;
  #salt = '';
  #saltedMs = -Infinity;

  /** Without options nothing is refused. */
  constructor(options: OverloadOptions | undefined, deps: OverloadDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#controller = new OverloadController({ targetMs: options?.maxDelayMs ?? Infinity });
  }

  /** How far behind an application may be; undefined for any. */
  get maxUnanswered(): number | undefined {
    return this.#options?.maxUnanswered;
  }

  /** Which share of new requests is let in. */
  get share(): number {
    return this.#controller.share;
  }

  /** What messages wait now, ms. */
  get delayMs(): number {
    return Math.max(0, ...this.#probes.map(({ delayMs }) => delayMs));
  }

  /** Watches the queues of these sockets. */
  watch(listeners: readonly Listener[]): void {
    if (this.#options === undefined) return;
    this.#probes = listeners
      .filter(({ probe }) => probe !== undefined)
      .map((listener) => new QueueProbe(listener, this.#deps));
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** A probe, or what somebody sends in its place. */
  onProbe(bytes: Buffer): void {
    for (const probe of this.#probes) probe.arrived(bytes);
  }

  /** Whether a request is refused, and answered; counts it in any case. */
  refuses({ message: request, flow }: Inbound<SipRequest>): boolean {
    if (this.#options === undefined) return false;
    this.#hadTraffic = true;
    if (!this.#isSampling) this.#sampleLater();
    if (!isNew(request)) return false;
    this.#offered++;
    if (this.#controller.share === 1) return false;
    const rank = rankOf(this.#saltNow(), request.headers.get('call-id') ?? '');
    if (rank < this.#controller.share || isEmergency(request) || this.#isKnown(request)) return false;
    this.#deps.limits.reached('delay');
    this.#refuse(request, flow, rank);
    return true;
  }

  /**
   * Whether a new request is refused, and answered, that could be looked at: because the application it is for has begun
   * to answer too few, so that the caller would wait, repeat himself and give up, or because there are too many dialogs.
   */
  refusesFor(app: App | undefined, { message: request, flow }: Inbound<SipRequest>): boolean {
    const { dialogs, maxDialogs, limits } = this.#deps;
    const isBehind = app !== undefined && app.unanswered >= (this.#options?.maxUnanswered ?? Infinity);
    if (makesDialog(request.method) && dialogs.size >= maxDialogs) limits.reached('dialogs');
    else if (isBehind && !isEmergency(request)) limits.reached('unanswered');
    else return false;
    this.#refuse(request, flow, rankOf(this.#saltNow(), request.callId));
    return true;
  }

  #refuse(request: SipRequest, flow: Flow, rank: number): void {
    const afterSec = RETRY_AFTER_SEC + Math.floor(rank * RETRY_SPREAD_SEC);
    reject(request, flow, retryLater(afterSec), this.#deps.quirks);
  }

  /** A copy of a request that was let in belongs to its transaction. */
  #isKnown(request: SipRequest): boolean {
    try {
      return this.#deps.transactions.server(serverKey(request)) !== undefined;
    } catch (error) {
      if (error instanceof SipError) return false;
      throw error;
    }
  }

  #saltNow(): string {
    const now = this.#deps.clock.monotonicMs();
    if (now - this.#saltedMs >= SAME_CALLS_MS) {
      this.#saltedMs = now;
      this.#salt = this.#deps.ids.tag();
    }
    return this.#salt;
  }

  #sampleLater(): void {
    this.#isSampling = true;
    this.#hadTraffic = false;
    for (const probe of this.#probes) probe.send();
    const { clock } = this.#deps;
    const dueMs = clock.monotonicMs() + SAMPLE_MS;
    clock.after(SAMPLE_MS, () => this.#sample(clock.monotonicMs() - dueMs));
  }

  /** The lateness of a timer is what messages of connections wait. */
  #sample(lateMs: number): void {
    const before = this.#controller.share;
    const changed = this.#controller.take({ delayMs: Math.max(lateMs, this.delayMs), offered: this.#offered });
    this.#offered = 0;
    if (changed) this.#tell(before, this.#controller.share);
    this.#isSampling = false;
    if (!this.#isStopped && (this.#hadTraffic || this.#controller.share < 1)) this.#sampleLater();
  }

  #tell(before: number, now: number): void {
    const { log } = this.#deps;
    if (before === 1 && now < 1) log.warn('overload.began', { delayMs: Math.round(this.delayMs) });
    if (before < 1 && now === 1) log.warn('overload.ended', { refused: this.#deps.limits.of('delay') });
  }
}

function isEmergency({ uri }: SipRequest): boolean {
  return uri.startsWith(EMERGENCY);
}

/** Whether nothing of it is known yet; without parsing more than is needed for that. */
function isNew({ method, headers }: SipRequest): boolean {
  return !FOLLOW_UPS.has(method) && !/;\s*tag\s*=/i.test(headers.get('to') ?? '');
}

/** Where a call stands in line, from 0 to below 1: the same for all its requests while the salt lasts. */
function rankOf(salt: string, callId: string): number {
  let hash = 0x811c9dc5;
  const text = salt + callId;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // The last characters count as much as the first only after some more mixing.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
