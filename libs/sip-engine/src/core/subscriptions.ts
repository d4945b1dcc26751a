import { copyText, formatNameAddr, type SipMessage, type SipRequest } from '@callweave/sip';
import { giveUpMs } from '../transaction/timers.ts';
import { WheelTimer, type WheelUser } from '../transaction/wheel.ts';
import { type Inbound } from '../transport/transport.ts';
import { type Core } from './context.ts';
import { contactUri, Dialog, dialogIdOf } from './dialog.ts';
import { isPinned } from './local.ts';
import { MAX_FORKS, type UacRequest } from './uac-request.ts';

/** How long the subscription of a REFER lasts when no NOTIFY says so: as long as a call may ring, and some more. */
const REFER_SEC = 300;

/** How long one lasts whose notifier does not say, RFC 6665 §4.2.1. */
const UNNAMED_SEC = 3_600;

/** Subscriptions within dialogs: they begin with a 2xx or a NOTIFY and outlive the call of their dialog. RFC 6665. */
export class Subscriptions {
  readonly #core: Pick<Core, 'dialogs' | 'limits' | 'timers' | 'wheel'>;
  /** SUBSCRIBE and REFER whose NOTIFYs may make dialogs, by Call-ID and our tag. */
  readonly #asked = new Map<string, Asked>();

  constructor(core: Pick<Core, 'dialogs' | 'limits' | 'timers' | 'wheel'>) {
    this.#core = core;
  }

  /** A request of ours asks for one; NOTIFYs may come before its 2xx, and from several phones. RFC 6665 §4.4.1. */
  asked(request: UacRequest): void {
    if (request.isInDialog || !subscribes(request.method)) return;
    const { callId, fromTag = '' } = request.request;
    const key = copyText(`${callId} ${fromTag}`);
    this.#asked.get(key)?.stop();
    this.#asked.set(key, new Asked(this.#core, request, () => this.#asked.delete(key)));
  }

  /** The dialog that a NOTIFY makes which nobody knows of; undefined when nobody asked for it. RFC 6665 §4.4.1. */
  begunBy({ message: notify, flow }: Inbound<SipRequest>): Dialog | undefined {
    const { method, callId, toTag, fromTag, headers } = notify;
    if (method !== 'NOTIFY' || toTag === undefined || fromTag === undefined) return undefined;
    const request = this.#asked.get(`${callId} ${toTag}`)?.request;
    if (request !== undefined && request.dialogs.length >= MAX_FORKS) {
      this.#core.limits.reached('forks');
      return undefined;
    }
    if (request === undefined || request.hasFailed || !/^[^;]/.test(headers.get('event') ?? '')) return undefined;
    const dialog = new Dialog({
      id: dialogIdOf(copyText(callId), copyText(toTag)),
      callId: copyText(callId),
      localTag: copyText(toTag),
      remoteTag: copyText(fromTag),
      local: copyText(formatNameAddr(notify.to)),
      remote: copyText(formatNameAddr(notify.from)),
      remoteTarget: copyText(contactUri(notify) ?? notify.from.uri),
      routeSet: notify.addresses('record-route').map((route) => copyText(formatNameAddr(route))),
      localCseq: request.request.cseq.number,
      remoteCseq: undefined,
      contact: request.request.headers.get('contact') ?? '',
      app: request.app,
      flow,
      pinned: isPinned(notify, flow),
      usage: 'subscribe',
      isCaller: true,
    });
    dialog.isConfirmed = true;
    this.#core.dialogs.add(dialog);
    request.dialogs.push(dialog);
    this.#keep(dialog, eventOf(request.request), secondsOf(notify) ?? UNNAMED_SEC);
    return dialog;
  }

  /** A 2xx to `request` has gone one way or the other; `expires` is its Expires. */
  accepted(dialog: Dialog, request: SipRequest, expires: string | undefined): void {
    if (!subscribes(request.method)) return;
    const isRefer = request.method === 'REFER';
    const sec = Number.parseInt(expires ?? request.headers.get('expires') ?? '', 10);
    this.#keep(dialog, eventOf(request), Number.isNaN(sec) ? (isRefer ? REFER_SEC : UNNAMED_SEC) : sec);
  }

  /** A NOTIFY has been answered, one way or the other. */
  notified(dialog: Dialog, notify: SipRequest): void {
    const event = keyIn(dialog, eventOf(notify));
    if (event === undefined) {
      if (isOver(notify)) this.#removeIfOver(dialog);
      return;
    }
    const sec = secondsOf(notify);
    if (isOver(notify)) this.#end(dialog, event);
    else if (sec !== undefined) this.#keep(dialog, event, sec);
  }

  /** The call of a dialog is over; the dialog with its last subscription. RFC 5057 §4.1. */
  callEnded(dialog: Dialog): void {
    dialog.isCallOver = true;
    this.#removeIfOver(dialog);
  }

  #keep(dialog: Dialog, event: string, sec: number): void {
    const { wheel, timers } = this.#core;
    dialog.subscriptions ??= new Map();
    const known = dialog.subscriptions.get(event);
    if (known !== undefined) wheel.stop(known);
    const timer = new WheelTimer({ onTimer: () => this.#end(dialog, event) }, 'subscription');
    dialog.subscriptions.set(event, timer);
    // Its last NOTIFY may take its time.
    wheel.start(timer, 1_000 * sec + giveUpMs(timers));
  }

  #end(dialog: Dialog, event: string): void {
    const timer = dialog.subscriptions?.get(event);
    if (timer !== undefined) this.#core.wheel.stop(timer);
    dialog.subscriptions?.delete(event);
    this.#removeIfOver(dialog);
  }

  #removeIfOver(dialog: Dialog): void {
    const hasCall = dialog.usage === 'invite' && !dialog.isCallOver;
    if (!hasCall && (dialog.subscriptions?.size ?? 0) === 0) this.#core.dialogs.remove(dialog);
  }
}

/** A request that asks for a subscription, until no NOTIFY of another phone is to be expected: timer N. */
class Asked implements WheelUser<'timerN'> {
  readonly request: UacRequest;
  readonly #wheel: Core['wheel'];
  readonly #timer: WheelTimer<'timerN'> = new WheelTimer<'timerN'>(this, 'timerN');
  readonly #onEnd: () => void;

  constructor({ wheel, timers }: Pick<Core, 'timers' | 'wheel'>, request: UacRequest, onEnd: () => void) {
    this.request = request;
    this.#wheel = wheel;
    this.#onEnd = onEnd;
    wheel.start(this.#timer, giveUpMs(timers));
  }

  stop(): void {
    this.#wheel.stop(this.#timer);
  }

  onTimer(): void {
    this.#onEnd();
  }
}

/** Methods that ask for NOTIFYs. RFC 6665, RFC 3515. */
function subscribes(method: string): boolean {
  return method === 'SUBSCRIBE' || method === 'REFER';
}

/** What tells subscriptions of one dialog apart: the Event; of a REFER its number. RFC 6665 §4.5.2, RFC 3515 §2.4.6. */
function eventOf({ method, cseq, headers }: SipMessage & { readonly method: string }): string {
  if (method === 'REFER') return `refer;${cseq.number}`;
  const [type = '', ...params] = (headers.get('event') ?? '').split(';');
  const id = params.map((param) => /^\s*id\s*=\s*(\S+)/i.exec(param)?.[1]).find((found) => found !== undefined);
  return copyText(id === undefined ? type.trim() : `${type.trim()};${id}`);
}

/** The NOTIFY of a dialog's first REFER need not name it. */
function keyIn({ subscriptions }: Dialog, event: string): string | undefined {
  if (subscriptions === undefined || subscriptions.has(event))
    return subscriptions?.has(event) === true ? event : undefined;
  return event === 'refer' ? [...subscriptions.keys()].find((key) => key.startsWith('refer;')) : undefined;
}

function isOver(notify: SipRequest): boolean {
  return /^\s*terminated\b/i.test(notify.headers.get('subscription-state') ?? '');
}

/** How long a NOTIFY says that the subscription lasts. */
function secondsOf(notify: SipRequest): number | undefined {
  const text = /;\s*expires\s*=\s*(\d{1,9})/i.exec(notify.headers.get('subscription-state') ?? '')?.[1];
  return text === undefined ? undefined : Number(text);
}
