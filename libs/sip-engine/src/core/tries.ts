import { Headers, type SipResponse } from '@callweave/sip';
import { type Ways } from '../locate/ways.ts';
import { type ClientFailure, type ClientTransaction, type ClientUser } from '../transaction/client.ts';
import { InviteClient } from '../transaction/invite-client.ts';
import { giveUpMs, type TimerValues } from '../transaction/timers.ts';
import { WheelTimer, type WheelUser } from '../transaction/wheel.ts';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { buildCancel, type BuiltRequest } from './build-request.ts';
import { type Core } from './context.ts';
import { type DialogSender, requestIn } from './dialog-sender.ts';
import { type UacRequest } from './uac-request.ts';

type TimerName = 'silence' | 'end';

/** What a request is sent with. */
export interface TriesParts {
  readonly core: Core;
  readonly sender: DialogSender;
  readonly request: UacRequest;
  /** The addresses after the one that the request was built for. */
  readonly ways: Ways;
  /** The same request for another address, with a branch of its own. RFC 3263 §4.3. */
  readonly rebuild: (flow: Flow) => { readonly built: BuiltRequest; readonly flow: Flow };
}

/** How long an address may say nothing when there is another one: four copies of the request by UDP. */
export function silenceMs({ t1 }: TimerValues): number {
  return 8 * t1;
}

/** How long a refused request is not to be sent there again, RFC 3261 §20.33; 0 when it does not say. */
export function restSecOf(response: SipResponse): number {
  return Number.parseInt(response.headers.get('retry-after') ?? '', 10) || 0;
}

/**
 * One request of ours to the addresses of its destination, one after the other, until one shows a sign of life: all of
 * them together have the time of one transaction. RFC 3263 §4.3.
 */
export class Tries implements WheelUser<TimerName> {
  readonly #parts: TriesParts;
  readonly #silence: WheelTimer<TimerName> = new WheelTimer<TimerName>(this, 'silence');
  readonly #end: WheelTimer<TimerName> = new WheelTimer<TimerName>(this, 'end');
  #current: Try | undefined;

  constructor(parts: TriesParts) {
    this.#parts = parts;
  }

  begin(): void {
    const { core, ways } = this.#parts;
    if (ways.hasMore) core.wheel.start(this.#end, giveUpMs(core.timers));
    this.#send();
  }

  onResponse(from: Try, inbound: Inbound<SipResponse>): void {
    const { request, ways } = this.#parts;
    const { status } = inbound.message;
    if (from !== this.#current) {
      this.#late(from, inbound);
      return;
    }
    this.#stopTimers();
    if (status === 503 && !request.hasRung) {
      const restSec = restSecOf(inbound.message);
      if (restSec > 0) ways.failed(restSec);
      if (this.#tryNext()) return;
    }
    if (!request.isFinal || status < 300) request.onResponse(inbound);
  }

  onFailure(from: Try, failure: ClientFailure): void {
    if (from !== this.#current || this.#parts.request.isFinal) return;
    this.#parts.ways.failed();
    if (this.#tryNext()) return;
    this.#stopTimers();
    this.#parts.request.onFailure(failure);
  }

  onEnded(from: Try): void {
    if (from === this.#current) this.#parts.request.onEnded();
  }

  onTimer(name: TimerName): void {
    if (name === 'silence') {
      this.#parts.ways.failed();
      this.#tryNext();
      return;
    }
    this.#stopTimers();
    this.#current = undefined;
    this.#parts.request.onFailure('timeout');
  }

  #tryNext(): boolean {
    const { request, ways, rebuild, core } = this.#parts;
    // Whoever is not wanted any more need not be found.
    const flow = request.cancel === undefined ? ways.next() : undefined;
    if (flow === undefined) return false;
    const next = rebuild(flow);
    core.log.info('request.next-address', { callId: request.request.callId, to: next.flow.remoteAddress });
    request.sendsAgain(next.built, next.flow);
    this.#send();
    return true;
  }

  #send(): void {
    const { core, sender, request, ways } = this.#parts;
    core.wheel.stop(this.#silence);
    if (ways.hasMore) core.wheel.start(this.#silence, silenceMs(core.timers));
    const { method, built, flow } = request;
    const current = new Try(this, built, flow);
    this.#current = current;
    request.onCancel = (bytes) => sender.transact('CANCEL', { bytes, branch: built.branch }, flow);
    request.transaction = current.transaction = sender.transact(method, built, flow, current);
  }

  /** An address that was given up has got the request after all. */
  #late(from: Try, inbound: Inbound<SipResponse>): void {
    const { request, sender } = this.#parts;
    const { status } = inbound.message;
    const { built, flow, transaction } = from;
    if (!(transaction instanceof InviteClient)) return;
    if (status < 200) {
      if (from.isCancelled) return;
      from.isCancelled = true;
      const bytes = buildCancel(requestIn(built.bytes), new Headers());
      sender.transact('CANCEL', { bytes, branch: built.branch }, flow);
      transaction.cancelled();
    } else if (status < 300) request.onResponse(inbound);
  }

  #stopTimers(): void {
    this.#parts.core.wheel.stop(this.#silence);
    this.#parts.core.wheel.stop(this.#end);
  }
}

/** The request at one address. */
class Try implements ClientUser {
  readonly built: BuiltRequest;
  readonly flow: Flow;
  transaction: ClientTransaction | undefined;
  isCancelled = false;
  readonly #tries: Tries;

  constructor(tries: Tries, built: BuiltRequest, flow: Flow) {
    this.#tries = tries;
    this.built = built;
    this.flow = flow;
  }

  onResponse(inbound: Inbound<SipResponse>): void {
    this.#tries.onResponse(this, inbound);
  }

  onFailure(failure: ClientFailure): void {
    this.#tries.onFailure(this, failure);
  }

  onEnded(): void {
    this.#tries.onEnded(this);
  }
}
