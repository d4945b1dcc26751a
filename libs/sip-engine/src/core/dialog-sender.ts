import { Headers, parseMessage, SipError, type SipRequest, type SipResponse } from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { isAddress, type Target, targetOf } from '../locate/target.ts';
import { type ClientTransaction, type ClientUser } from '../transaction/client.ts';
import { InviteClient } from '../transaction/invite-client.ts';
import { NonInviteClient } from '../transaction/non-invite-client.ts';
import { type Flow } from '../transport/transport.ts';
import { buildFailureAck, type BuiltRequest, buildInDialog, type RequestWish } from './build-request.ts';
import { type Core } from './context.ts';
import { type Dialog } from './dialog.ts';
import { madeHere } from './local.ts';
import { routeUri } from './routes.ts';

/** Why a call ends that was answered although it was cancelled. */
export const CANCELLED = 'ACK-BYE due to cancel race condition';

/** Why a call ends that nobody has refreshed, RFC 4028 §10. */
export const EXPIRED = 'Session timer expired';

/** Requests that the engine sends within dialogs by its own decision, and the way there. */
export class DialogSender {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The way to a dialog's peer: its first Route, the way it was last heard, or its Contact. RFC 3261 §12.2.1.1. */
  flowOf(dialog: Dialog): Flow {
    const target = this.#targetOf(dialog);
    // A name needs time to resolve; the way the peer was last heard is known now.
    if (target === undefined || !isAddress(target.host)) return dialog.flow;
    const { protocol, host, port } = target;
    return this.#core.listeners.flowTo(protocol, host, port, dialog.flow.listener) ?? dialog.flow;
  }

  /** The name that has to be looked up before a request to a dialog's peer; undefined when the way there is known. */
  nameOf(dialog: Dialog): Target | undefined {
    const target = this.#targetOf(dialog);
    if (target === undefined || isAddress(target.host)) return undefined;
    // RFC 5923 §5: an open connection is used again.
    return dialog.flow.reliable && dialog.flow.isOpen ? undefined : target;
  }

  /** Where a dialog's peer says it is; undefined when it stays where it was last heard. */
  #targetOf(dialog: Dialog): Target | undefined {
    if (!dialog.flow.isOpen) dialog.flow = this.#core.connections.latest(dialog.flow);
    const [route] = dialog.routeSet;
    const staysOnFlow = dialog.pinned || dialog.flow.reliable;
    // A proxy that says it is behind a NAT cannot be reached by its Record-Route.
    const isHidden = dialog.pinned && dialog.flow.listener.natDetection === 'declared';
    if ((route === undefined || isHidden) && staysOnFlow && dialog.flow.isOpen) return undefined;
    try {
      return targetOf(route === undefined ? dialog.remoteTarget : routeUri(route), 'no way');
    } catch (error) {
      if (error instanceof SipError || error instanceof RefusedError) return undefined;
      throw error;
    }
  }

  /** Sends the ACK of a 2xx to our INVITE number `cseq`. RFC 3261 §13.2.2.4. */
  acknowledge(dialog: Dialog, wish: RequestWish, cseq: number): { readonly bytes: Buffer; readonly flow: Flow } {
    const flow = this.flowOf(dialog);
    const { bytes } = buildInDialog(wish, dialog, flow, cseq, this.#core);
    flow.send(bytes);
    return { bytes, flow };
  }

  /** Ends a dialog that no application knows of. */
  release(dialog: Dialog): void {
    this.#core.dialogs.remove(dialog);
    const flow = this.flowOf(dialog);
    const bye = buildInDialog(emptyWish('BYE'), dialog, flow, ++dialog.localCseq, this.#core);
    this.transact('BYE', bye, flow, nobody);
  }

  /** Ends a dialog by the engine's own decision, and tells its application. RFC 3261 §15. */
  hangUp(dialog: Dialog, reason: string): void {
    const flow = this.flowOf(dialog);
    const bye = this.#tellEnded(dialog, flow, reason);
    this.#core.dialogs.remove(dialog);
    this.transact('BYE', bye, flow, nobody);
  }

  /** Tells the application of a dialog that is over that it is. */
  tellEnded(dialog: Dialog, reason: string): void {
    this.#tellEnded(dialog, this.flowOf(dialog), reason);
  }

  /** Sends a request in a transaction of its own. */
  transact(method: string, { bytes, branch }: BuiltRequest, flow: Flow, user: ClientUser = nobody): ClientTransaction {
    const { transactions, wheel, timers } = this.#core;
    const key = `${method} ${branch}`;
    const parts = { key, bytes, flow, user, wheel, timers, onTerminated: transactions.removeClient };
    const onTerminated = (ended: ClientTransaction): void => {
      transactions.removeClient(ended);
      user.onEnded?.();
    };
    const ackFor = (failure: SipResponse): Buffer => buildFailureAck(requestIn(bytes), failure);
    const transaction =
      method === 'INVITE' ? new InviteClient({ ...parts, ackFor, onTerminated }) : new NonInviteClient(parts);
    transactions.addClient(transaction);
    transaction.begin();
    return transaction;
  }

  #tellEnded(dialog: Dialog, flow: Flow, reason: string): BuiltRequest {
    const headers = new Headers(['Reason'], [`SIP;cause=200;text="${reason}"`]);
    const built = buildInDialog({ ...emptyWish('BYE'), headers }, dialog, flow, ++dialog.localCseq, this.#core);
    const { bytes } = built;
    const recorded = reason === CANCELLED ? 'ack-bye' : reason === EXPIRED ? 'session-expired' : undefined;
    dialog.record?.stop('application', recorded ?? 'system-initiated-termination', () => bytes);
    dialog.app.deliver({ ...madeHere(flow), size: bytes.length, txn: 'unsolicited', dialogId: dialog.id }, bytes);
    return built;
  }
}

/** A request within a dialog that says nothing but its method. */
export function emptyWish(method: string): RequestWish {
  return { method, uri: 'sip:placeholder', headers: new Headers(), body: Buffer.alloc(0) };
}

/** A request of ours as sent, parsed again. */
export function requestIn(bytes: Buffer): SipRequest {
  const message = parseMessage(bytes);
  if (message.kind !== 'request') throw new TypeError('not a request');
  return message;
}

const nobody: ClientUser = { onResponse: () => undefined, onFailure: () => undefined };
