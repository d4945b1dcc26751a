import { type SipRequest } from '@callweave/sip';
import { type Inbound } from '../transport/transport.ts';
import { type App } from './app.ts';
import { type Core } from './context.ts';
import { Dialog, dialogIdOf, isTargetRefresh, uasDialogParts } from './dialog.ts';
import { contactFor, isPinned, wantsSips } from './local.ts';
import { type SessionTimers } from './session-timers.ts';
import { type Subscriptions } from './subscriptions.ts';
import { makesDialog, type UasRequest } from './uas-request.ts';

/** What the dialogs of requests to us need. */
export interface UasDialogsDeps {
  readonly core: Core;
  readonly sessions: SessionTimers;
  readonly subscriptions: Subscriptions;
}

/** What our responses make of dialogs. RFC 3261 §12.1.1 and §12.2.2. */
export class UasDialogs {
  readonly #core: Core;

  readonly #sessions: SessionTimers;
  readonly #subscriptions: Subscriptions;

  constructor({ core, sessions, subscriptions }: UasDialogsDeps) {
    this.#core = core;
    this.#sessions = sessions;
    this.#subscriptions = subscriptions;
  }

  /** A request of the peer within a dialog has come, and `app` is to answer it. */
  entered(dialog: Dialog, { message: request, flow }: Inbound<SipRequest>, app: App): void {
    dialog.app = app;
    dialog.remoteCseq = request.cseq.number;
    if (flow.reliable) dialog.flow = flow;
    // From now on nothing can be sent in it; the application still answers this request.
    if (request.method === 'BYE') this.#subscriptions.callEnded(dialog);
  }

  /**
   * A response above 100 is about to go out: with a tag it makes the dialog, a 2xx confirms it and takes over where the
   * peer is, a failure ends what was to be. Returns its header lines, which are `lines` and what they agree to.
   */
  answering(request: UasRequest, status: number, lines: string, body: Buffer): string {
    const { inbound, method } = request;
    if (inbound === undefined) return lines;
    const contact = lineIn(lines, 'Contact');
    if (makesDialog(method)) this.#form(request, inbound, status, contact);
    const { dialog } = request;
    if (dialog === undefined) return lines;
    const isInitial = inbound.message.toTag === undefined;
    if (contact !== undefined && makesDialog(method)) dialog.contact = contact;
    if (status >= 300 && isInitial) this.#core.dialogs.remove(dialog);
    if (status >= 200 && method === 'NOTIFY') this.#subscriptions.notified(dialog, inbound.message);
    return status >= 200 && status < 300 ? this.#accepting(dialog, request, inbound.message, lines, body) : lines;
  }

  #accepting(dialog: Dialog, request: UasRequest, message: SipRequest, lines: string, body: Buffer): string {
    const { method } = request;
    if (isTargetRefresh(method)) dialog.refreshTarget(message);
    if (method === 'INVITE') dialog.awaitingAck = request;
    else if (makesDialog(method) && message.toTag === undefined) dialog.isConfirmed = true;
    this.#subscriptions.accepted(dialog, message, lineIn(lines, 'Expires'));
    const isTimed = method === 'INVITE' || (method === 'UPDATE' && dialog.isConfirmed);
    return isTimed ? this.#sessions.accepting(dialog, message, lines, body) : lines;
  }

  #form(request: UasRequest, inbound: Inbound<SipRequest>, status: number, contact: string | undefined): void {
    const { message } = inbound;
    const isSuccess = status < 300;
    const begins = message.toTag === undefined && isSuccess && (request.method === 'INVITE' || status >= 200);
    // A re-INVITE in a dialog that another engine had goes on here once its application accepts it.
    const goesOn = message.toTag !== undefined && isSuccess && status >= 200 && request.method === 'INVITE';
    if (begins || goesOn) {
      request.localTag ??= message.toTag ?? this.#core.ids.tag();
      request.dialog ??= this.#newDialog(request, inbound, contact ?? contactFor(inbound.flow, wantsSips(message)));
    }
    request.dialogId = request.dialog?.id ?? dialogIdOf(message.callId, message.fromTag ?? '');
  }

  #newDialog(
    { app, localTag }: UasRequest,
    { message, flow }: Inbound<SipRequest>,
    contact: string,
  ): Dialog | undefined {
    if (app === undefined || localTag === undefined) return undefined;
    const made = { ...uasDialogParts(message, localTag), app, flow, contact };
    const dialog = new Dialog({ ...made, pinned: isPinned(message, flow) });
    this.#core.dialogs.add(dialog);
    return dialog;
  }
}

/** The value of a header line. */
function lineIn(lines: string, name: 'Contact' | 'Expires'): string | undefined {
  return new RegExp(`^${name}: (.*)\\r$`, 'm').exec(lines)?.[1];
}
