import { Headers, responseTo, serializeMessage, type SipRequest, type SipResponse } from '@callweave/sip';
import { type ClientFailure, type ClientTransaction, type ClientUser } from '../transaction/client.ts';
import { InviteClient } from '../transaction/invite-client.ts';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { type App } from './app.ts';
import { type CallRecord } from './call-records.ts';
import { type BuiltRequest, buildCancel } from './build-request.ts';
import { type Core } from './context.ts';
import { type Dialog } from './dialog.ts';
import { requestIn } from './dialog-sender.ts';
import { ReliableOrder } from './reliable-responses.ts';
import { type SessionChange } from './session-changes.ts';
import { withBareTo } from './unsent-form.ts';

/** What a request of ours tells the side that sent it. */
export interface UacRequestUser {
  onResponse(request: UacRequest, inbound: Inbound<SipResponse>): void;
  /** No final response came; `response` is what stands in for it. */
  onFailure(request: UacRequest, response: Buffer): void;
}

export interface UacRequestParts {
  readonly method: string;
  readonly built: BuiltRequest;
  readonly flow: Flow;
  readonly app: App;
  readonly dialog: Dialog | undefined;
  /** Token 9 of its responses; empty for requests that make no dialog. */
  readonly dialogId: string;
  /** The routes of a dialog that another engine had. */
  readonly routeSet: readonly string[];
  /** What it may do to the session of its dialog. */
  readonly change: SessionChange | undefined;
  /** Whether it is shown with a To without brackets as long as it has not left. */
  readonly isToBare?: boolean;
}

/** Branches of one request that are told apart; a peer that answers as still more is up to no good. */
export const MAX_FORKS = 64;

/** One request an application sent, until its final response. */
export class UacRequest implements ClientUser {
  readonly txn: string;
  readonly method: string;
  /** Where it goes, and as what: another address may be tried after the first. */
  flow: Flow;
  built: BuiltRequest;
  readonly app: App;
  readonly dialogId: string;
  readonly isInDialog: boolean;
  readonly routeSet: readonly string[];
  readonly change: SessionChange | undefined;
  readonly #isToBare: boolean;
  /** A final response above 299, or none, has come. */
  hasFailed = false;
  /** The one it was sent in, or those that its responses made: one for each branch of a fork that rang. */
  dialogs: Dialog[];
  transaction: ClientTransaction | undefined;
  isFinal = false;
  /** A 100 or more has come: only now may a CANCEL go out, RFC 3261 §9.1. */
  isProceeding = false;
  /** A provisional response above 100 has come. */
  hasRung = false;
  /** To tags of other branches of a fork that were answered too late, and ended. */
  readonly released = new Set<string>();
  /** What is told of the call that it asks for. */
  record: CallRecord | undefined;
  /** The CANCEL, once asked for. */
  cancel: Buffer | undefined;
  readonly #order = new ReliableOrder();
  readonly #user: UacRequestUser;
  readonly #core: Core;

  constructor(core: Core, user: UacRequestUser, parts: UacRequestParts) {
    this.#core = core;
    this.#user = user;
    this.txn = core.ids.uuid();
    this.method = parts.method;
    this.flow = parts.flow;
    this.app = parts.app;
    this.isInDialog = parts.dialog !== undefined;
    this.dialogs = parts.dialog === undefined ? [] : [parts.dialog];
    this.routeSet = parts.routeSet;
    this.change = parts.change;
    this.dialogId = parts.dialogId;
    this.built = parts.built;
    this.#isToBare = parts.isToBare ?? false;
  }

  get bytes(): Buffer {
    return this.built.bytes;
  }

  /** The dialog it was sent in or that has its 2xx; until then the one that rang first. */
  get dialog(): Dialog | undefined {
    return this.dialogs[0];
  }

  /** The request as sent, parsed again: needed only for CANCEL, ACK and the dialog. */
  get request(): SipRequest {
    return requestIn(this.bytes);
  }

  /** It goes to another address. */
  sendsAgain(built: BuiltRequest, flow: Flow): void {
    this.built = built;
    this.flow = flow;
  }

  /** Whether it has a To tag: it is for a dialog of ours, or of one that another engine had. */
  get isWithinCall(): boolean {
    return this.isInDialog || this.request.toTag !== undefined;
  }

  /** Cancels now, or as soon as a first answer shows that the request has arrived; true when it went out. */
  cancelWith(headers: Headers = new Headers()): boolean {
    this.cancel ??= buildCancel(this.request, headers);
    if (!this.isProceeding || this.isFinal) return false;
    this.#sendCancel(this.cancel);
    return true;
  }

  onResponse(inbound: Inbound<SipResponse>): void {
    const { status } = inbound.message;
    if (status > 100 && status < 200 && !this.#order.isNext(inbound.message)) return;
    const isFirst = !this.isProceeding;
    this.isProceeding = true;
    const wasFinal = this.isFinal;
    if (status >= 200) this.isFinal = true;
    else if (status > 100) this.hasRung = true;
    if (isFirst && status < 200 && this.cancel !== undefined) this.#sendCancel(this.cancel);
    if (status > 100 || wasFinal) this.#user.onResponse(this, inbound);
  }

  /** Nobody asks for the ACK again: a dialog outlives it by hours. */
  onEnded(): void {
    const acknowledged = this.dialogs.filter(({ ack }) => ack !== undefined);
    if (acknowledged.length === 0) return;
    const { number } = this.request.cseq;
    for (const dialog of acknowledged) if (dialog.inviteCseq === number) dialog.ack = undefined;
  }

  onFailure(failure: ClientFailure): void {
    this.isFinal = true;
    const status = failure === 'timeout' ? 408 : 503;
    this.#user.onFailure(this, this.unanswered(status, this.#core.ids.tag()));
  }

  /** What stands in for a response that never came. */
  unanswered(status: number, toTag: string | undefined): Buffer {
    return this.unsent(serializeMessage(responseTo(this.request, { status, toTag })));
  }

  /** How its application is shown a message that has not left. */
  unsent(bytes: Buffer): Buffer {
    return this.#isToBare ? withBareTo(bytes) : bytes;
  }

  #sendCancel(bytes: Buffer): void {
    this.onCancel(bytes);
    if (this.transaction instanceof InviteClient) this.transaction.cancelled();
  }

  /** How a CANCEL is sent; set by the side that has transactions to make. */
  onCancel: (bytes: Buffer) => void = () => undefined;
}
