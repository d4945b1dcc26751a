import { type SipResponse } from '@callweave/sip';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { type Core } from './context.ts';
import { answeredRoutes, Dialog, isTargetRefresh, uacDialogParts } from './dialog.ts';
import { type DialogSender, emptyWish } from './dialog-sender.ts';
import { contactFor, isPinned, isSips } from './local.ts';
import { type SessionTimers } from './session-timers.ts';
import { type Subscriptions } from './subscriptions.ts';
import { MAX_FORKS, type UacRequest } from './uac-request.ts';
import { makesDialog } from './uas-request.ts';

/** What the dialogs of our requests need. */
export interface UacDialogsDeps {
  readonly core: Core;
  readonly sender: DialogSender;
  readonly sessions: SessionTimers;
  readonly subscriptions: Subscriptions;
}

/** What responses to our requests make of dialogs. RFC 3261 §12.1.2 and §13.2.2. */
export class UacDialogs {
  readonly #core: Core;
  readonly #sender: DialogSender;

  readonly #sessions: SessionTimers;
  readonly #subscriptions: Subscriptions;

  constructor({ core, sender, sessions, subscriptions }: UacDialogsDeps) {
    this.#core = core;
    this.#sender = sender;
    this.#sessions = sessions;
    this.#subscriptions = subscriptions;
  }

  /** Takes note of a response; returns the dialog it belongs to. Each branch of a fork has one of its own. */
  responded(request: UacRequest, inbound: Inbound<SipResponse>): Dialog | undefined {
    const { message, flow } = inbound;
    const { status, toTag } = message;
    if (status >= 300) {
      this.failed(request, status);
      return request.dialog;
    }
    const forms = request.method === 'INVITE' || (makesDialog(request.method) && status >= 200);
    if (request.isInDialog || !forms || toTag === undefined) {
      this.#goesOn(request, message);
      return request.dialog;
    }
    const known = request.dialogs.find(({ remoteTag }) => remoteTag === toTag);
    if (known === undefined && status < 200 && request.dialogs.length >= MAX_FORKS) {
      this.#core.limits.reached('forks');
      return request.dialog;
    }
    const dialog = known ?? this.#begin(request, message, flow);
    dialog.refreshTarget(message);
    if (status < 200) return dialog;
    this.#confirm(dialog, request, message, flow);
    this.#agreed(dialog, request, message);
    return dialog;
  }

  /** A failure ends the dialogs it was to make, and a BYE its dialog unless it may be sent again with credentials. */
  failed(request: UacRequest, status: number): void {
    request.hasFailed = true;
    const { method, dialogs, dialog, isInDialog, change } = request;
    if (isInDialog) {
      dialog?.changes.end('ours', change);
      // Nothing is left that an application could acknowledge.
      if (method === 'INVITE' && dialog !== undefined) dialog.inviteCseq = undefined;
    }
    const isChallenge = status === 401 || status === 407;
    const isGone = status === 481 || status === 408;
    for (const dialog of dialogs) {
      if (!isInDialog || (isGone && method !== 'CANCEL')) this.#core.dialogs.remove(dialog);
      else if (method === 'BYE' && !isChallenge) this.#subscriptions.callEnded(dialog);
      else if (method === 'NOTIFY' && !isChallenge) this.#subscriptions.notified(dialog, request.request);
    }
  }

  /** A 2xx that comes again has lost its ACK; one of another branch of a fork is unwanted. RFC 3261 §13.2.2.4. */
  answeredAgain(request: UacRequest, { message, flow }: Inbound<SipResponse>): void {
    const { dialog, released } = request;
    const { toTag = '' } = message;
    if (dialog === undefined || request.method !== 'INVITE') return;
    if (toTag === dialog.remoteTag || this.#core.quirks.acknowledgesForksAlike) {
      if (dialog.ack !== undefined) dialog.ack.flow.send(dialog.ack.bytes);
      return;
    }
    if (released.size >= MAX_FORKS && !released.has(toTag)) {
      this.#core.limits.reached('forks');
      return;
    }
    const fork = this.#dialogOf(request, message, flow);
    this.#sender.acknowledge(fork, emptyWish('ACK'), request.request.cseq.number);
    if (released.has(toTag)) return;
    released.add(toTag);
    this.#sender.release(fork);
  }

  #goesOn(request: UacRequest, message: SipResponse): void {
    const { method, dialog, change } = request;
    if (dialog === undefined || message.status < 200) return;
    dialog.changes.end('ours', change);
    if (isTargetRefresh(method)) dialog.refreshTarget(message);
    if (method === 'BYE') this.#subscriptions.callEnded(dialog);
    else if (method === 'NOTIFY') this.#subscriptions.notified(dialog, request.request);
    else this.#agreed(dialog, request, message);
  }

  /** What a 2xx agrees to last. */
  #agreed(dialog: Dialog, request: UacRequest, message: SipResponse): void {
    const { method } = request;
    if (method === 'SUBSCRIBE' || method === 'REFER')
      this.#subscriptions.accepted(dialog, request.request, message.headers.get('expires'));
    else if (method === 'INVITE' || (method === 'UPDATE' && dialog.isConfirmed))
      this.#sessionAgreed(dialog, request, message);
  }

  #sessionAgreed(dialog: Dialog, request: UacRequest, message: SipResponse): void {
    if (dialog.session !== undefined || message.headers.has('session-expires'))
      this.#sessions.accepted(dialog, message, request.request.body);
  }

  #begin(request: UacRequest, message: SipResponse, flow: Flow): Dialog {
    const dialog = this.#dialogOf(request, message, flow);
    if (request.method === 'INVITE') dialog.inviteCseq = dialog.localCseq;
    request.dialogs.push(dialog);
    this.#core.dialogs.add(dialog);
    return dialog;
  }

  #dialogOf({ request, app, routeSet }: UacRequest, message: SipResponse, flow: Flow): Dialog {
    const contact = request.headers.get('contact') ?? contactFor(flow, isSips(request.uri));
    const made = { ...uacDialogParts(request, message), app, flow, contact, pinned: isPinned(message, flow) };
    // A dialog that another engine had goes on by the routes its application knows.
    return new Dialog(routeSet.length === 0 ? made : { ...made, routeSet });
  }

  /** The first 2xx decides which branch of a fork has the call; the others are not waited for. RFC 3261 §13.2.2.4. */
  #confirm(dialog: Dialog, request: UacRequest, message: SipResponse, flow: Flow): void {
    dialog.isConfirmed = true;
    if (request.routeSet.length === 0) dialog.routeSet = answeredRoutes(message);
    dialog.flow = flow;
    dialog.pinned = isPinned(message, flow);
    dialog.isUnwanted = request.cancel !== undefined && !request.isWithinCall;
    if (request.method === 'INVITE') {
      for (const other of request.dialogs) if (other !== dialog) this.#core.dialogs.remove(other);
      request.dialogs = [dialog];
    }
    this.#core.dialogs.rename(dialog, request.dialogId);
  }
}
