import { Headers, MIN_SESSION_SEC, patienceSec, type SipResponse } from '@callweave/sip';
import { type ClientUser } from '../transaction/client.ts';
import { WheelTimer, type WheelUser } from '../transaction/wheel.ts';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { buildInDialog } from './build-request.ts';
import { type Core } from './context.ts';
import { type Dialog } from './dialog.ts';
import { type DialogSender, emptyWish, EXPIRED } from './dialog-sender.ts';
import { changeBy, type SessionChange } from './session-changes.ts';

/** How long we wait at least before we try to refresh once more. */
const RETRY_MS = 5_000;

type TimerName = 'refresh' | 'expire';

/** What a session that is kept alive needs of the engine. */
export interface SessionDeps {
  readonly core: Core;
  readonly sender: DialogSender;
  /** A refresh was accepted: what is agreed from now on. */
  readonly agree: (response: SipResponse) => void;
}

/** One session, as agreed. */
export interface SessionParts {
  readonly dialog: Dialog;
  readonly intervalSec: number;
  /** Whether we refresh it; else the peer does. */
  readonly isOurs: boolean;
  /** Whether the peer takes UPDATE, which leaves media alone. */
  readonly takesUpdate: boolean;
  /** What our side of the media is; only where we refresh. */
  readonly description: Buffer | undefined;
}

/** A refresh of ours. */
interface Asked {
  readonly method: string;
  readonly cseq: number;
  readonly flow: Flow;
  readonly change: SessionChange | undefined;
  ack?: Buffer;
}

/** A session that ends unless it is refreshed: by us at half its time, else by the peer. RFC 4028 §10. */
export class KeptSession implements WheelUser<TimerName>, ClientUser {
  readonly #deps: SessionDeps;
  readonly #parts: SessionParts;
  readonly #expire: WheelTimer<TimerName> = new WheelTimer<TimerName>(this, 'expire');
  readonly #refresh: WheelTimer<TimerName> | undefined;
  #description: Buffer | undefined;
  /** Our refresh that waits for its answer, or whose answer may come again. */
  #asked: Asked | undefined;
  #isStopped = false;

  constructor(deps: SessionDeps, parts: SessionParts) {
    this.#deps = deps;
    this.#parts = parts;
    this.#description = parts.description;
    const { wheel } = deps.core;
    const { intervalSec, isOurs } = parts;
    wheel.start(this.#expire, 1_000 * patienceSec(intervalSec));
    if (!isOurs) return;
    this.#refresh = new WheelTimer<TimerName>(this, 'refresh');
    wheel.start(this.#refresh, 500 * intervalSec);
  }

  get takesUpdate(): boolean {
    return this.#parts.takesUpdate;
  }

  get description(): Buffer | undefined {
    return this.#description;
  }

  /** Our side of the media has been described elsewhere: in an ACK. */
  describe(description: Buffer): void {
    if (this.#parts.isOurs && description.length > 0) this.#description = Buffer.from(description);
  }

  /** Adds to a request of ours what is agreed, in its own terms. */
  describeTo(headers: Headers): void {
    const { intervalSec, isOurs } = this.#parts;
    headers.append('Session-Expires', `${intervalSec};refresher=${isOurs ? 'uac' : 'uas'}`);
    headers.append('Min-SE', String(MIN_SESSION_SEC));
    if (!headers.has('supported')) headers.append('Supported', 'timer');
  }

  /** Lets the session live for ever. */
  stop(): void {
    this.#isStopped = true;
    this.#deps.core.wheel.stop(this.#expire);
    if (this.#refresh !== undefined) this.#deps.core.wheel.stop(this.#refresh);
  }

  onTimer(name: TimerName): void {
    if (name === 'expire') this.#end();
    else this.#ask();
  }

  onResponse({ message }: Inbound<SipResponse>): void {
    const { status } = message;
    if (status < 200 || this.#asked === undefined) return;
    if (status < 300) this.#onAccepted(message);
    else this.#onRefused(status);
  }

  onFailure(): void {
    this.#parts.dialog.changes.end('ours', this.#asked?.change);
    if (!this.#isStopped) this.#end();
  }

  #ask(): void {
    const { core, sender } = this.#deps;
    const { dialog, takesUpdate } = this.#parts;
    // Who changes the session now refreshes it too.
    if (dialog.changes.isGlaring) {
      this.#askAgain(RETRY_MS);
      return;
    }
    const description = this.#description;
    const canReinvite = description !== undefined && description.length > 0;
    const method = canReinvite && (core.quirks.timesSessionsLoosely || !takesUpdate) ? 'INVITE' : 'UPDATE';
    const headers = new Headers(['Contact'], [dialog.contact]);
    this.describeTo(headers);
    const body = method === 'INVITE' && description !== undefined ? description : Buffer.alloc(0);
    const flow = sender.flowOf(dialog);
    const cseq = ++dialog.localCseq;
    const built = buildInDialog({ ...emptyWish(method), headers, body }, dialog, flow, cseq, core);
    const change = changeBy(method, body);
    this.#asked = { method, cseq, flow, change };
    dialog.changes.begin('ours', change);
    sender.transact(method, built, flow, this);
  }

  #onAccepted(response: SipResponse): void {
    const { sender, agree } = this.#deps;
    const { dialog } = this.#parts;
    const asked = this.#asked;
    if (asked === undefined) return;
    if (asked.ack !== undefined) {
      asked.flow.send(asked.ack);
      return;
    }
    dialog.changes.end('ours', asked.change);
    dialog.refreshTarget(response);
    if (asked.method === 'INVITE') asked.ack = sender.acknowledge(dialog, emptyWish('ACK'), asked.cseq).bytes;
    if (!this.#isStopped) agree(response);
  }

  /** RFC 4028 §10, RFC 3261 §14.1: one that came too late is tried again, a peer that knows of no session is gone. */
  #onRefused(status: number): void {
    const { core } = this.#deps;
    const { dialog } = this.#parts;
    dialog.changes.end('ours', this.#asked?.change);
    this.#asked = undefined;
    if (this.#isStopped) return;
    if (status === 408 || status === 481 || (status !== 491 && core.quirks.timesSessionsLoosely)) this.#end();
    // Whoever began the call waits longer, so that both do not meet again.
    else if (status === 491)
      this.#askAgain(dialog.isCaller ? 2_100 + (core.ids.cseq() % 1_900) : core.ids.cseq() % 2_000);
    else this.#askAgain(RETRY_MS);
  }

  #askAgain(delayMs: number): void {
    if (this.#refresh !== undefined) this.#deps.core.wheel.start(this.#refresh, delayMs);
  }

  #end(): void {
    this.stop();
    this.#deps.sender.hangUp(this.#parts.dialog, EXPIRED);
  }
}
