import { Headers, parseMessage, type SipRequest, type SipResponse } from '@callweave/sip';
import { type ClientFailure, type ClientUser } from '../../transaction/client.ts';
import { InviteClient } from '../../transaction/invite-client.ts';
import { NonInviteClient } from '../../transaction/non-invite-client.ts';
import { WheelTimer, type WheelUser } from '../../transaction/wheel.ts';
import { type Flow, type Inbound } from '../../transport/transport.ts';
import { buildCancel, buildFailureAck } from '../build-request.ts';
import { type CallRecord } from '../call-records.ts';
import { type Core } from '../context.ts';

/** Timer C: how long an INVITE may ring without a sign of life, RFC 3261 §16.6 step 11. */
const TIMER_C_MS = 185_000;

type TimerName = 'provisional' | 'final' | 'timerC';

/** Who forwards what a branch brings. */
export interface BranchUser {
  onResponse(branch: Branch, inbound: Inbound<SipResponse>): void;
  /** It has failed by itself, or its time is over: as if it had answered `status`. */
  onFailure(branch: Branch, status: number): void;
}

export interface BranchParts {
  readonly method: string;
  readonly bytes: Buffer;
  /** Branch parameter of its Via. */
  readonly branch: string;
  readonly flow: Flow;
  readonly provisionalMs: number | undefined;
  readonly finalMs: number | undefined;
  /** Its Max-Breadth; 0 where that does not count. */
  readonly breadth: number;
}

/** One target that a request is forwarded to, until its final response. RFC 3261 §16.6 and §16.7. */
export class Branch implements ClientUser, WheelUser<TimerName> {
  /** Whether the final response is still to come. */
  isOpen = true;
  readonly #core: Core;
  readonly #user: BranchUser;
  readonly #parts: BranchParts;
  readonly #provisional: WheelTimer<TimerName> = new WheelTimer<TimerName>(this, 'provisional');
  readonly #final: WheelTimer<TimerName> = new WheelTimer<TimerName>(this, 'final');
  readonly #timerC: WheelTimer<TimerName> = new WheelTimer<TimerName>(this, 'timerC');
  #transaction: InviteClient | NonInviteClient | undefined;
  #record: CallRecord | undefined;
  #hasAnswered = false;
  /** A provisional response above 100 has come. */
  hasRung = false;
  #isCancelled = false;
  #isCancelSent = false;

  constructor(core: Core, user: BranchUser, parts: BranchParts) {
    this.#core = core;
    this.#user = user;
    this.#parts = parts;
  }

  /** Whether the target has shown a sign of life. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** What it takes of the breadth of its request, until its final response. RFC 5393 §5.3.3. */
  get breadth(): number {
    return this.isOpen ? this.#parts.breadth : 0;
  }

  begin(): void {
    const { method, bytes, branch, flow, provisionalMs, finalMs } = this.#parts;
    const { transactions, wheel, timers } = this.#core;
    const key = `${method} ${branch}`;
    const parts = { key, bytes, flow, user: this, wheel, timers, onTerminated: transactions.removeClient };
    const ackFor = (failure: SipResponse): Buffer => {
      const { acksRedirectsWithoutUser, proxiesWithoutHops: omitsHops } = this.#core.quirks;
      const hidesUser = acksRedirectsWithoutUser && failure.status < 400;
      return buildFailureAck(this.#request(), failure, { hidesUser, omitsHops });
    };
    this.#transaction = method === 'INVITE' ? new InviteClient({ ...parts, ackFor }) : new NonInviteClient(parts);
    transactions.addClient(this.#transaction);
    if (method === 'INVITE') wheel.start(this.#timerC, TIMER_C_MS);
    if (provisionalMs !== undefined) wheel.start(this.#provisional, provisionalMs);
    if (finalMs !== undefined) wheel.start(this.#final, finalMs);
    const { records } = this.#core;
    if (records !== undefined && method === 'INVITE' && this.#request().toTag === undefined)
      this.#record = records.attempt('application', () => bytes);
    this.#transaction.begin();
  }

  /** Cancels an INVITE, at the latest when the target shows a sign of life. RFC 3261 §9.1, §16.10. */
  cancel(): void {
    if (this.#parts.method !== 'INVITE' || !this.isOpen) return;
    this.#isCancelled = true;
    if (this.#hasAnswered) this.#sendCancel();
  }

  onResponse(inbound: Inbound<SipResponse>): void {
    const { status } = inbound.message;
    const { wheel } = this.#core;
    this.#hasAnswered = true;
    if (status > 100 && status < 200) this.hasRung = true;
    wheel.stop(this.#provisional);
    if (status < 200 && this.#isCancelled) this.#sendCancel();
    const { origin } = inbound.message;
    if (origin !== undefined)
      this.#record?.answered('network', status, 'proxy-uac', () => origin.bytes, this.#isCancelled);
    if (status >= 200) this.#close();
    else if (status > 100 && this.#parts.method === 'INVITE') wheel.start(restarted(wheel, this.#timerC), TIMER_C_MS);
    if (status > 100) this.#user.onResponse(this, inbound);
  }

  onFailure(failure: ClientFailure): void {
    if (!this.isOpen) return;
    this.#giveUp();
    this.#user.onFailure(this, failure === 'timeout' ? 408 : 503);
  }

  onTimer(name: TimerName): void {
    if (!this.isOpen) return;
    if (name === 'timerC' && this.#hasAnswered) {
      // Its 487, or the end of the wait for it, will be the final response. RFC 3261 §16.8.
      this.cancel();
      return;
    }
    this.cancel();
    // What it may still say is of no interest any more, unless it accepts.
    this.#giveUp();
    this.#user.onFailure(this, 408);
  }

  #sendCancel(): void {
    if (this.#isCancelSent) return;
    this.#isCancelSent = true;
    const { flow, branch } = this.#parts;
    const { transactions, wheel, timers, quirks } = this.#core;
    const bytes = buildCancel(this.#request(), new Headers(), { omitsHops: quirks.proxiesWithoutHops });
    const user = { onResponse: () => undefined, onFailure: () => undefined };
    const parts = { key: `CANCEL ${branch}`, bytes, flow, user, wheel, timers };
    const transaction = new NonInviteClient({ ...parts, onTerminated: transactions.removeClient });
    transactions.addClient(transaction);
    transaction.begin();
    if (this.#transaction instanceof InviteClient) this.#transaction.cancelled();
  }

  #request(): SipRequest {
    const message = parseMessage(this.#parts.bytes);
    if (message.kind !== 'request') throw new TypeError('not a request');
    return message;
  }

  #giveUp(): void {
    this.#record?.stop('application', 'system-initiated-termination', () => this.#parts.bytes);
    this.#close();
  }

  #close(): void {
    this.isOpen = false;
    for (const timer of [this.#provisional, this.#final, this.#timerC]) this.#core.wheel.stop(timer);
  }
}

function restarted(wheel: Core['wheel'], timer: WheelTimer<TimerName>): WheelTimer<TimerName> {
  wheel.stop(timer);
  return timer;
}
