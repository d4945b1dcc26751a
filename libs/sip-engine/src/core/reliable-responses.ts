import { type SipMessage, type SipRequest } from '@callweave/sip';
import { giveUpMs } from '../transaction/timers.ts';
import { WheelTimer, type WheelUser } from '../transaction/wheel.ts';
import { type Core } from './context.ts';

/** Name of the extension, RFC 3262. */
export const RELIABLE = '100rel';

type TimerName = 'repeat' | 'giveUp';

/** Who sends what is to be repeated. */
export interface ReliableUser {
  /** Puts a response on the wire. */
  transmit(status: number, bytes: Buffer): void;
  /** No PRACK came for 64*T1. */
  onNoPrack(): void;
}

interface Waiting {
  readonly rseq: number;
  readonly status: number;
  readonly bytes: Buffer;
  readonly hasSession: boolean;
}

/**
 * The reliable provisional responses to one INVITE, RFC 3262 §3: one at a time is on the wire and repeated until its
 * PRACK comes; those behind it wait, and so does a 2xx behind one with a session description.
 */
export class ReliableResponses implements WheelUser<TimerName> {
  readonly #core: Core;
  readonly #user: ReliableUser;
  readonly #cseq: number;
  readonly #waiting: Waiting[] = [];
  readonly #repeat: WheelTimer<TimerName> = new WheelTimer<TimerName>(this, 'repeat');
  readonly #giveUp: WheelTimer<TimerName> = new WheelTimer<TimerName>(this, 'giveUp');
  #success: { readonly status: number; readonly bytes: Buffer } | undefined;
  #rseq: number;
  #interval = 0;

  constructor(core: Core, user: ReliableUser, cseq: number) {
    this.#core = core;
    this.#user = user;
    this.#cseq = cseq;
    // A random start below 2**31, RFC 3262 §3; this many leave room to count.
    this.#rseq = core.ids.cseq();
  }

  /** The RSeq of the next response. */
  nextRseq(): number {
    return ++this.#rseq;
  }

  /** Sends a reliable provisional response now, or when those before it are acknowledged. */
  provisional(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#waiting.length === 1) this.#sendFirst();
  }

  /** Sends a final response now; a 2xx when the caller knows the session descriptions before it. */
  final(status: number, bytes: Buffer): void {
    if (status < 300 && this.#waiting.some(({ hasSession }) => hasSession)) {
      this.#success = { status, bytes };
      return;
    }
    this.stop();
    this.#user.transmit(status, bytes);
  }

  /** Whether a PRACK is for the response that waits for one; it stops waiting. RFC 3262 §3. */
  acknowledge(prack: SipRequest): boolean {
    const [, rseq, cseq, method] = /^\s*(\d+)\s+(\d+)\s+([^\s;,]+)/.exec(prack.headers.get('rack') ?? '') ?? [];
    const [first] = this.#waiting;
    if (first === undefined || Number(rseq) !== first.rseq) return false;
    if (Number(cseq) !== this.#cseq || method !== 'INVITE') return false;
    this.#stopTimers();
    this.#waiting.shift();
    if (this.#waiting.length > 0) this.#sendFirst();
    else if (this.#success !== undefined) this.#user.transmit(this.#success.status, this.#success.bytes);
    return true;
  }

  /** Forgets everything that waits. */
  stop(): void {
    this.#stopTimers();
    this.#waiting.length = 0;
    this.#success = undefined;
  }

  onTimer(name: TimerName): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    if (name === 'giveUp') {
      this.stop();
      this.#user.onNoPrack();
      return;
    }
    this.#user.transmit(first.status, first.bytes);
    this.#interval *= 2;
    this.#core.wheel.start(this.#repeat, this.#interval);
  }

  #sendFirst(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const { wheel, timers } = this.#core;
    this.#interval = timers.t1;
    wheel.start(this.#repeat, this.#interval);
    wheel.start(this.#giveUp, giveUpMs(timers));
    this.#user.transmit(first.status, first.bytes);
  }

  #stopTimers(): void {
    this.#core.wheel.stop(this.#repeat);
    this.#core.wheel.stop(this.#giveUp);
  }
}

/** Whether a message lists an option tag in `header`. */
export function lists(message: { readonly headers: SipMessage['headers'] }, header: string, option: string): boolean {
  const text = message.headers.joined(header);
  return text?.split(',').some((item) => item.trim().toLowerCase() === option) === true;
}

/** Branches of a fork whose responses are put in order; those of more are dropped. */
const MAX_BRANCHES = 64;

/** Puts reliable provisional responses of one INVITE into order, RFC 3262 §4. */
export class ReliableOrder {
  /** The last RSeq, by To tag: each branch of a fork counts for itself. */
  readonly #last = new Map<string, number>();

  /** Whether a response is the next one; a copy, or one that came too early, is to be dropped. */
  isNext(response: SipMessage): boolean {
    const rseq = response.number('rseq');
    if (rseq === undefined || !lists(response, 'require', RELIABLE)) return true;
    const tag = response.toTag ?? '';
    const last = this.#last.get(tag);
    if (last === undefined ? this.#last.size >= MAX_BRANCHES : rseq !== last + 1) return false;
    this.#last.set(tag, rseq);
    return true;
  }
}
