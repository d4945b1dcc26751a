import { type Head, Headers, parseMessage, type SipRequest } from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { InviteServer } from '../transaction/invite-server.ts';
import { serverKey } from '../transaction/match.ts';
import { NonInviteServer } from '../transaction/non-invite-server.ts';
import { type ServerTransaction } from '../transaction/server.ts';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { type App } from './app.ts';
import { answeredBy, inviteOf, isBare, isEarlyUpdate, responseLines, rseqOf, tagFrom } from './app-response.ts';
import { buildCancel } from './build-request.ts';
import { defectOf } from './check-request.ts';
import { isWebSocket } from './connections.ts';
import { type Core } from './context.ts';
import { type Dialog, dialogIdOf } from './dialog.ts';
import { type UnroutedRequests } from './handled-requests.ts';
import { madeHere, metaOf, shownAs } from './local.ts';
import { receiveAck } from './receive-ack.ts';
import { noteAlias, noteSource } from './received-via.ts';
import { isIgnored, refusalOf, RETRY_AFTER_SEC } from './refuse-request.ts';
import { reject, type Rejection, retryLater } from './reject.ts';
import { type Sent } from './sent.ts';
import { changeBy } from './session-changes.ts';
import { type Subscriptions } from './subscriptions.ts';
import { takerOf } from './taker.ts';
import { UasDialogs, type UasDialogsDeps } from './uas-dialogs.ts';
import { textForApp, UasRequest, type UasRequestUser } from './uas-request.ts';

/** Requests that came without a response of the application to a second one. */
const UNKNOWN_TRANSACTION = 'Response not sent due to unknown transaction';

/** What drachtio-server says of a response that it cannot place. */
const CLOSED_TRANSPORT = 'transport for response has been shutdown or closed';

/** Why a call ends whose reliable provisional response nobody acknowledged. */
const NO_PRACK = 'PRACK timeout';

/** What the engine sends by itself in a dialog that is over. */
export interface DialogEnder {
  /** Tells the application of a dialog that is over that it is. */
  tellEnded(dialog: Dialog, reason: string): void;
  /** Ends the dialog with a BYE, and tells its application. */
  hangUp(dialog: Dialog, reason: string): void;
}

/** Who takes requests of dialogs that are not ours but come through us. */
export interface RequestForwarder {
  /** Whether it took the request. */
  request(inbound: Inbound<SipRequest>): boolean;
}

/** Who knows the INVITEs that we sent. */
export interface OurInvites {
  /** The transaction id of the unanswered one of a dialog. */
  inviteIn(dialog: Dialog): string | undefined;
}

/** What the side that answers works with. */
export interface UasDeps extends UasDialogsDeps {
  readonly ender: DialogEnder;
  readonly forwarder: RequestForwarder;
  readonly invites: OurInvites;
}

/** The side that answers: takes requests from the network to applications and their responses back. */
export class Uas implements UasRequestUser, UnroutedRequests {
  readonly #core: Core;
  readonly #ender: DialogEnder;
  readonly #forwarder: RequestForwarder;
  readonly #dialogs: UasDialogs;
  readonly #subscriptions: Subscriptions;
  readonly #invitesOut: OurInvites;
  /** Requests that applications may still answer, by transaction id. */
  readonly #open = new Map<string, UasRequest>();
  /** INVITEs by transaction key, for CANCEL. */
  readonly #invites = new Map<string, UasRequest>();
  /** Requests outside dialogs that have a transaction, by what all copies of one share. */
  readonly #originals = new Set<string>();

  constructor(deps: UasDeps) {
    const { core, ender, forwarder, subscriptions, invites } = deps;
    this.#core = core;
    this.#forwarder = forwarder;
    this.#ender = ender;
    this.#subscriptions = subscriptions;
    this.#invitesOut = invites;
    this.#dialogs = new UasDialogs(deps);
  }

  /** Requests that wait for an application. */
  get pending(): number {
    return this.#open.size;
  }

  receive(inbound: Inbound<SipRequest>): void {
    const { message: request, flow } = inbound;
    const { quirks } = this.#core;
    const defect = defectOf(request, quirks);
    if (defect !== undefined) {
      this.#core.log.debug('request.malformed', { peer: flow.remoteAddress, reason: defect.reason });
      reject(request, flow, quirks.namesNoDefects ? { status: defect.status } : defect, quirks);
      return;
    }
    const key = serverKey(request);
    const transaction = this.#core.transactions.server(key);
    const isForeign = transaction === undefined && this.#core.dialogs.ofRequest(request) === undefined;
    if (isForeign && this.#forwarder.request(inbound)) return;
    if (request.method === 'ACK') receiveAck(this.#core, inbound, transaction);
    else if (transaction !== undefined) transaction.repeated();
    else if (this.#core.transactions.isFull) {
      this.#core.limits.reached('transactions');
      reject(request, flow, retryLater(RETRY_AFTER_SEC), quirks);
    } else if (request.method === 'CANCEL') this.#onCancel(inbound, key);
    else this.#onNew(inbound, key);
  }

  /** Sends an application's response; throws `RefusedError` when there is nothing to answer. */
  respond(txn: string, app: App, head: Head, body: Buffer): Sent {
    const request = answeredBy(this.#open, txn, head, this.#core.quirks);
    const { startLine } = head;
    if (request?.app !== app || startLine.kind !== 'response') throw new RefusedError(UNKNOWN_TRANSACTION);
    const { status, reason } = startLine;
    if (request.isMisplaced) {
      this.end(request, 500);
      throw new RefusedError(CLOSED_TRANSPORT);
    }
    const { flow } = request;
    const tag = tagFrom(head);
    if (tag !== undefined) request.localTag ??= tag;
    const rseq = status > 100 && status < 200 ? rseqOf(request, head) : undefined;
    if (status >= 200 && status < 300) this.#refuseCopy(request);
    let text = responseLines(request, { status, head, body, rseq }, this.#core.quirks);
    if (status > 100) text = this.#dialogs.answering(request, status, text, body);
    if (rseq !== undefined && request.dialog !== undefined) request.dialog.reliable = request.reliable;
    const { inbound } = request;
    const bytes = request.respondWith(status, reason, text, body, rseq);
    request.record?.answered('application', status, 'uas', () => bytes);
    if (request.dialog !== undefined) request.dialog.record ??= request.record;
    if (status >= 200) this.#close(request);
    const isAccepted = request.method === 'REGISTER' && status >= 200 && status < 300;
    if (isAccepted && inbound !== undefined) this.#core.connections.accepted(inbound);
    const protocol = request.method === 'INVITE' ? shownAs(flow) : '';
    // The dialog of a BYE is over.
    const isNamed = request.method !== 'BYE' && !isBare(request, this.#core.quirks);
    const dialogId = isNamed ? request.dialogId : '';
    return { bytes, protocol, address: flow.remoteAddress, port: flow.remotePort, txn, dialogId };
  }

  /** Of two copies of an INVITE the second is refused when the first has been accepted. */
  #refuseCopy({ method, dialog, inbound, txn }: UasRequest): void {
    if (!this.#core.quirks.allowsMergedRequests || method !== 'INVITE' || inbound?.message.toTag !== undefined) return;
    const { callId, fromTag = '' } = inbound?.message ?? { callId: '' };
    const other = this.#core.dialogs.byId(dialogIdOf(callId, fromTag));
    const request = this.#open.get(txn);
    if (other === undefined || other === dialog || request === undefined) return;
    this.end(request, 480);
    throw new RefusedError('dialog already exists, rejecting this request');
  }

  /** Lets somebody else answer a request that its application has not answered. */
  takeOver(txn: string, app: App | undefined): UasRequest | undefined {
    const request = this.#open.get(txn);
    if (request === undefined || request.app !== app || request.isAnswered) return undefined;
    this.#close(request);
    request.handOver();
    // What comes back to us on another way is a spiral, RFC 3261 §16.3.
    if (request.copyKey !== undefined) this.#originals.delete(request.copyKey);
    return request;
  }

  give(request: UasRequest, app: App): boolean {
    if (!this.#open.has(request.txn)) return false;
    if (request.dialog !== undefined) request.dialog.app = app;
    this.#deliver(request, app);
    // It may have gone before it was given anything.
    if (!app.isOpen) this.appClosed(app);
    return true;
  }

  end(request: UasRequest, status: number, reason?: string, lines?: string): void {
    if (!this.#open.has(request.txn)) return;
    const bytes = request.respond(status, lines, reason);
    request.record?.answered('application', status, 'uas', () => bytes);
    this.#close(request);
  }

  /** A browser has gone that nobody has answered yet: what rings for it must not ring on. RFC 7118 §7. */
  flowClosed(flow: Flow): void {
    if (!isWebSocket(flow)) return;
    const left = [...this.#invites.values()].filter(({ inbound }) => inbound?.flow === flow);
    for (const invite of left) {
      if (invite.inbound === undefined) continue;
      const cancel = parseMessage(buildCancel(invite.inbound.message, new Headers()));
      if (cancel.kind === 'request') this.#abandon(invite, { message: cancel, flow, size: 0 });
    }
  }

  /** An application has gone: what it had not touched goes to another, the rest is answered. */
  appClosed(app: App): void {
    const left = [...this.#open.values()].filter((request) => request.app === app);
    if (this.#core.quirks.leavesPeersWaiting) {
      for (const request of left) request.leave();
      return;
    }
    for (const request of left) {
      // What a handler has decided about is for nobody else.
      const isFree = !request.isAnswered && this.#core.handlerOf(request.method) === undefined;
      const other = isFree ? this.#core.apps.pick(request.method, app) : undefined;
      if (isFree && other === undefined && this.#core.nextApp.inherit(request, this)) continue;
      if (other === undefined) {
        this.#giveUp(request, 503, `Retry-After: ${RETRY_AFTER_SEC}\r\n`);
        if (request.dialog !== undefined && !request.dialog.isConfirmed) this.#core.dialogs.remove(request.dialog);
      } else this.#deliver(request, other);
    }
  }

  onSilence(request: UasRequest): void {
    this.#core.log.warn('app.silent', { method: request.method, callId: request.inbound?.message.callId });
    if (this.#core.quirks.leavesPeersWaiting && request.method === 'INVITE') this.#forget(request);
    else this.#giveUp(request, 500);
  }

  onNoAck(request: UasRequest): void {
    const { dialog } = request;
    if (dialog !== undefined && this.#core.dialogs.has(dialog)) this.#ender.hangUp(dialog, 'ACK timeout');
  }

  /** The INVITE is ended by us, RFC 3262 §3, and the application told as by a CANCEL; or, if it had answered, by a BYE. */
  onNoPrack(request: UasRequest): void {
    const { dialog, app, inbound } = request;
    this.#giveUp(request, 504);
    if (dialog === undefined) return;
    this.#core.dialogs.remove(dialog);
    if (inbound === undefined) {
      this.#ender.tellEnded(dialog, NO_PRACK);
      return;
    }
    const cancel = buildCancel(inbound.message, new Headers(['Reason'], [`SIP;cause=504;text="${NO_PRACK}"`]));
    const { txn, dialogId } = request;
    app?.deliver({ ...madeHere(inbound.flow), size: cancel.length, txn, dialogId }, cancel);
  }

  #onNew(inbound: Inbound<SipRequest>, key: string): void {
    const { message: request, flow } = inbound;
    const found = this.#core.dialogs.ofRequest(request) ?? this.#subscriptions.begunBy(inbound);
    const isMisplaced =
      this.#core.quirks.showsEarlyInfoOutside && request.method === 'INFO' && found?.isConfirmed === false;
    const dialog = isMisplaced ? undefined : found;
    if (dialog === undefined && isIgnored(request, this.#core.quirks)) return;
    const refusal = refusalOf(request, dialog, this.#core, this.#originals);
    if (refusal !== undefined) {
      this.#refuse(inbound, key, refusal);
      return;
    }
    const taker = takerOf(inbound, dialog, this.#core);
    if (taker.kind === 'nobody') {
      if (taker.refusal === undefined) return;
      const isOver = request.method === 'BYE' && taker.refusal.status === 481;
      if (dialog !== undefined && isOver) {
        dialog.record?.stop('network', 'normal-release', () => textForApp(request));
        this.#core.dialogs.remove(dialog);
      }
      this.#refuse(inbound, key, isMisplaced ? { status: 503 } : taker.refusal);
      return;
    }
    const app = taker.kind === 'app' ? taker.app : undefined;
    if (request.toTag === undefined && this.#core.overload.refusesFor(app, inbound)) return;
    noteSource(request, flow, this.#core.quirks);
    noteAlias(request, flow);
    const dialogId = dialog?.id ?? '';
    const pending = new UasRequest(this.#core, this, inbound, dialogId);
    pending.isMisplaced = isMisplaced;
    if (dialog !== undefined) {
      this.#dialogs.entered(dialog, inbound, app ?? dialog.app);
      pending.dialog = dialog;
      pending.localTag = dialog.localTag;
      pending.change = changeBy(request.method, request.body);
      dialog.changes.begin('theirs', pending.change);
      if (this.#core.quirks.showsEarlyUpdatesAsInvites && isEarlyUpdate(pending))
        pending.shownTxn = inviteOf(this.#open, dialog)?.txn ?? this.#invitesOut.inviteIn(dialog);
    }
    this.#begin(pending, key, flow.reliable);
    if (taker.kind === 'app') this.#deliver(pending, taker.app);
    else if (taker.kind === 'next') this.#core.nextApp.wait(pending, this);
    else taker.handle(pending, inbound);
    if (request.method === 'BYE') {
      dialog?.record?.stop('network', 'normal-release', () => textForApp(request));
      if (this.#core.quirks.endsRequestsWithDialogs) this.#endOthers(pending);
    }
    if (request.method === 'INVITE' && request.toTag === undefined)
      pending.record = this.#core.records?.attempt('network', () => textForApp(request));
  }

  /** What came before a BYE and is not answered never will be. */
  #endOthers(bye: UasRequest): void {
    const others = [...this.#open.values()].filter(({ dialog }) => dialog !== undefined && dialog === bye.dialog);
    for (const other of others) if (other !== bye) this.end(other, 500);
  }

  /** Without keeping anything, RFC 3261 §8.2.7; or as an application would, where that is asked for. */
  #refuse(inbound: Inbound<SipRequest>, key: string, refusal: Rejection): void {
    const { message, flow } = inbound;
    const { status } = refusal;
    if (!this.#core.quirks.refusesInTransactions || message.method !== 'INVITE' || (status !== 481 && status !== 503)) {
      reject(message, flow, refusal, this.#core.quirks);
      return;
    }
    noteSource(message, flow, this.#core.quirks);
    const refused = new UasRequest(this.#core, this, inbound, '');
    this.#begin(refused, key, flow.reliable);
    this.end(refused, status);
  }

  #begin(request: UasRequest, key: string, reliable: boolean): void {
    const { transactions, wheel, timers } = this.#core;
    const { copyKey } = request;
    if (copyKey !== undefined) this.#originals.add(copyKey);
    const onTerminated = (ended: ServerTransaction): void => {
      transactions.removeServer(ended);
      if (copyKey !== undefined) this.#originals.delete(copyKey);
      this.#invites.delete(key);
    };
    const parts = { key, reliable, user: request, wheel, timers, onTerminated };
    const transaction = request.method === 'INVITE' ? new InviteServer(parts) : new NonInviteServer(parts);
    request.transaction = transaction;
    transactions.addServer(transaction);
    this.#open.set(request.txn, request);
    if (request.method !== 'INVITE') return;
    this.#invites.set(key, request);
    // The caller need not repeat itself while an application thinks, RFC 3261 §8.2.6.1.
    request.respond(100);
  }

  #deliver(request: UasRequest, app: App): void {
    const { inbound, txn, shownTxn = txn, dialogId } = request;
    if (inbound === undefined) return;
    request.giveTo(app);
    const { address, port } = inbound.flow.listener;
    const receivedOn = dialogId === '' ? { address, port } : undefined;
    app.deliver({ ...metaOf(inbound, shownTxn, dialogId), receivedOn }, textForApp(inbound.message));
  }

  /** RFC 3261 §9.2: the INVITE is ended by us, and the application told; one that is answered stays as it is. */
  #onCancel(inbound: Inbound<SipRequest>, key: string): void {
    const { message: cancel, flow } = inbound;
    const invite = this.#invites.get(serverKey(cancel, 'INVITE'));
    if (invite === undefined) {
      reject(cancel, flow, { status: 481 }, this.#core.quirks);
      return;
    }
    noteSource(cancel, flow, this.#core.quirks);
    const answer = new UasRequest(this.#core, this, inbound, '');
    if (invite.localTag !== undefined || !this.#core.quirks.tagsCancelsApart)
      answer.localTag = invite.localTag ??= this.#core.ids.tag();
    this.#begin(answer, key, flow.reliable);
    answer.respond(200);
    this.#close(answer);
    if (!invite.isFinal) this.#abandon(invite, inbound);
  }

  /** Ends an INVITE as its CANCEL asks for, and tells the application. */
  #abandon(invite: UasRequest, cancel: Inbound<SipRequest>): void {
    invite.record?.stop('network', 'call-canceled', () => textForApp(cancel.message));
    if (invite.proxy !== undefined) {
      invite.proxy.cancelled();
      return;
    }
    const { app, dialog } = invite;
    app?.deliver(metaOf(cancel, invite.txn, invite.dialogId), textForApp(cancel.message));
    invite.respond(487);
    this.#close(invite);
    if (dialog !== undefined && !dialog.isConfirmed) this.#core.dialogs.remove(dialog);
  }

  /** Answers what no application will answer any more. */
  #giveUp(request: UasRequest, status: number, lines?: string): void {
    const bytes = request.respond(status, lines);
    request.record?.stop('application', 'system-initiated-termination', () => bytes);
    this.#close(request);
  }

  /** Nobody is told that a call will never be answered. */
  #forget(request: UasRequest): void {
    const { dialog } = request;
    request.abandon();
    this.#close(request);
    if (dialog !== undefined && !dialog.isConfirmed) this.#core.dialogs.remove(dialog);
  }

  #close(request: UasRequest): void {
    this.#core.nextApp.forget(request);
    if (this.#open.delete(request.txn)) request.dialog?.changes.end('theirs', request.change);
  }
}
