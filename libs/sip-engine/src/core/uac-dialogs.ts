import { type SipResponse } from '@callweave/sip';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { type Core } from './context.ts';
import { Dialog, uacDialogParts } from './dialog.ts';
import { type DialogSender, emptyWish } from './dialog-sender.ts';
import { contactFor, isPinned } from './local.ts';
import { type UacRequest } from './uac-request.ts';
import { makesDialog } from './uas-request.ts';

/** What responses to our requests make of dialogs. RFC 3261 §12.1.2 and §13.2.2. */
export class UacDialogs {
  readonly #core: Core;
  readonly #sender: DialogSender;

  constructor(core: Core, sender: DialogSender) {
    this.#core = core;
    this.#sender = sender;
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
    const dialog = request.dialogs.find(({ remoteTag }) => remoteTag === toTag) ?? this.#begin(request, message, flow);
    dialog.refreshTarget(message);
    if (status >= 200) this.#confirm(dialog, request, message, flow);
    return dialog;
  }

  /** A failure ends the dialogs it was to make, and a BYE its dialog unless it may be sent again with credentials. */
  failed({ method, dialogs, isInDialog }: UacRequest, status: number): void {
    const isChallenge = status === 401 || status === 407;
    const isGone = status === 481 || status === 408;
    for (const dialog of dialogs) {
      if (!isInDialog || (method === 'BYE' && !isChallenge) || (isGone && method !== 'CANCEL'))
        this.#core.dialogs.remove(dialog);
    }
  }

  /** A 2xx that comes again has lost its ACK; one of another branch of a fork is unwanted. RFC 3261 §13.2.2.4. */
  answeredAgain(request: UacRequest, { message, flow }: Inbound<SipResponse>): void {
    const { dialog, released } = request;
    const { toTag = '' } = message;
    if (dialog === undefined || request.method !== 'INVITE') return;
    if (toTag === dialog.remoteTag) {
      if (dialog.ack !== undefined) dialog.ack.flow.send(dialog.ack.bytes);
      return;
    }
    const fork = this.#dialogOf(request, message, flow);
    this.#sender.acknowledge(fork, emptyWish('ACK'), request.request.cseq.number);
    if (released.has(toTag)) return;
    released.add(toTag);
    this.#sender.release(fork);
  }

  #goesOn({ method, dialog }: UacRequest, message: SipResponse): void {
    if (dialog === undefined || message.status < 200) return;
    if (isTargetRefresh(method)) dialog.refreshTarget(message);
    if (method === 'BYE') this.#core.dialogs.remove(dialog);
  }

  #begin(request: UacRequest, message: SipResponse, flow: Flow): Dialog {
    const dialog = this.#dialogOf(request, message, flow);
    if (request.method === 'INVITE') dialog.inviteCseq = request.request.cseq.number;
    request.dialogs.push(dialog);
    this.#core.dialogs.add(dialog);
    return dialog;
  }

  #dialogOf({ request, app, routeSet }: UacRequest, message: SipResponse, flow: Flow): Dialog {
    const contact = request.headers.get('contact') ?? contactFor(flow);
    const made = { ...uacDialogParts(request, message), app, flow, contact, pinned: isPinned(message, flow) };
    // A dialog that another engine had goes on by the routes its application knows.
    return new Dialog(routeSet.length === 0 ? made : { ...made, routeSet });
  }

  /** The first 2xx decides which branch of a fork has the call; the others are not waited for. RFC 3261 §13.2.2.4. */
  #confirm(dialog: Dialog, request: UacRequest, message: SipResponse, flow: Flow): void {
    dialog.isConfirmed = true;
    if (request.routeSet.length === 0) dialog.routeSet = uacDialogParts(request.request, message).routeSet;
    dialog.flow = flow;
    dialog.pinned = isPinned(message, flow);
    dialog.isUnwanted = request.cancel !== undefined;
    for (const other of request.dialogs) if (other !== dialog) this.#core.dialogs.remove(other);
    request.dialogs = [dialog];
    this.#core.dialogs.rename(dialog, request.dialogId);
  }
}

/** Methods whose requests and 2xx say where the peer is from now on. RFC 3261 §12.2, RFC 3311 §5.1, RFC 6665 §4.1.2. */
export function isTargetRefresh(method: string): boolean {
  return method === 'INVITE' || method === 'UPDATE' || method === 'SUBSCRIBE' || method === 'NOTIFY';
}
