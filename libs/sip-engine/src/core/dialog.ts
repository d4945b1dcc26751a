import {
  copyText,
  formatNameAddr,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  withParam,
} from '@callweave/sip';
import { type Flow } from '../transport/transport.ts';
import { type WheelTimer } from '../transaction/wheel.ts';
import { type App } from './app.ts';
import { type CallRecord } from './call-records.ts';
import { type KeptSession } from './kept-session.ts';
import { SessionChanges } from './session-changes.ts';

/** What makes a dialog, RFC 3261 §12. Every text is a copy: dialogs outlive messages by hours. */
export interface DialogParts {
  /** `Call-ID;from-tag=TAG` with the tag of whoever began it: the same in both directions, and known to applications. */
  readonly id: string;
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** From of our requests, tag included. */
  readonly local: string;
  /** To of our requests, tag included. */
  readonly remote: string;
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
  readonly localCseq: number;
  readonly remoteCseq: number | undefined;
  /** Our Contact. */
  readonly contact: string;
  readonly app: App;
  /** The way the peer was last heard. */
  readonly flow: Flow;
  /** Whether requests must take that way, since the Contact does not lead there. */
  readonly pinned: boolean;
  readonly usage: 'invite' | 'subscribe';
  /** Whether we sent the request that made it. */
  readonly isCaller: boolean;
}

/** The state shared with one peer from the first tagged response until it ends. */
export class Dialog {
  /** What applications call it; a fork that is answered takes the name of its call. */
  id: string;
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly usage: 'invite' | 'subscribe';
  readonly isCaller: boolean;
  readonly local: string;
  readonly remote: string;
  remoteTarget: string;
  routeSet: readonly string[];
  localCseq: number;
  remoteCseq: number | undefined;
  contact: string;
  app: App;
  flow: Flow;
  pinned: boolean;
  isConfirmed = false;
  /** Its BYE has come or gone, and only its subscriptions are left. */
  isCallOver = false;
  readonly changes = new SessionChanges();
  /** Ends the call unless it is kept alive; undefined for a call without timer. */
  session: KeptSession | undefined;
  /** By their event, with the timer that ends each. */
  subscriptions: Map<string, WheelTimer> | undefined;
  /** CSeq of our last INVITE, which its ACK repeats. */
  inviteCseq: number | undefined;
  /** The call was answered after its CANCEL, and ends as soon as the answer is acknowledged. */
  isUnwanted = false;
  /** The ACK of our last INVITE; sent again whenever its 2xx comes again. */
  ack: { readonly bytes: Buffer; readonly flow: Flow } | undefined;
  /** Provisional responses of ours that wait for their PRACK. */
  reliable: { acknowledge(prack: SipRequest): boolean } | undefined;
  /** What is told of the call. */
  record: CallRecord | undefined;
  /** A 2xx of ours that waits for its ACK. */
  awaitingAck: AckWaiter | undefined;

  constructor(parts: DialogParts) {
    this.id = parts.id;
    this.callId = parts.callId;
    this.localTag = parts.localTag;
    this.remoteTag = parts.remoteTag;
    this.local = parts.local;
    this.remote = parts.remote;
    this.remoteTarget = parts.remoteTarget;
    this.routeSet = parts.routeSet;
    this.localCseq = parts.localCseq;
    this.remoteCseq = parts.remoteCseq;
    this.contact = parts.contact;
    this.app = parts.app;
    this.flow = parts.flow;
    this.pinned = parts.pinned;
    this.usage = parts.usage;
    this.isCaller = parts.isCaller;
  }

  /** Takes over the peer's Contact when a message carries one, RFC 3261 §12.2. */
  refreshTarget(message: SipMessage): void {
    const target = contactUri(message);
    if (target !== undefined) this.remoteTarget = copyText(target);
  }
}

/** Who repeats a 2xx until it is acknowledged. */
export interface AckWaiter {
  readonly txn: string;
  readonly cseq: number;
  /** The ACK has come; true for the first. */
  acknowledged(): boolean;
}

/** Methods whose requests and 2xx say where the peer is from now on. RFC 3261 §12.2, RFC 3311 §5.1, RFC 6665 §4.1.2. */
export function isTargetRefresh(method: string): boolean {
  return method === 'INVITE' || method === 'UPDATE' || method === 'SUBSCRIBE' || method === 'NOTIFY';
}

/** Methods that need a call: what is left of its dialog when it is over takes none of them. RFC 5057 §5.1. */
export function isOfCall(method: string): boolean {
  return method === 'INVITE' || method === 'UPDATE' || method === 'BYE' || method === 'PRACK' || method === 'INFO';
}

/** What a dialog is called by applications. */
export function dialogIdOf(callId: string, fromTag: string): string {
  return `${callId};from-tag=${fromTag}`;
}

/** The dialog that our response with `localTag` to `request` makes. RFC 3261 §12.1.1. */
export function uasDialogParts(
  request: SipRequest,
  localTag: string,
): Omit<DialogParts, 'app' | 'contact' | 'flow' | 'pinned'> {
  const fromTag = request.fromTag ?? '';
  return {
    id: copyText(dialogIdOf(request.callId, fromTag)),
    callId: copyText(request.callId),
    localTag,
    remoteTag: copyText(fromTag),
    local: copyText(formatNameAddr(withParam(request.to, 'tag', localTag))),
    remote: copyText(formatNameAddr(request.from)),
    remoteTarget: copyText(contactUri(request) ?? request.from.uri),
    routeSet: request.addresses('record-route').map((route) => copyText(formatNameAddr(route))),
    localCseq: 0,
    remoteCseq: request.cseq.number,
    usage: usageOf(request.method),
    isCaller: false,
  };
}

/** The dialog that `response` to our `request` makes. RFC 3261 §12.1.2. */
export function uacDialogParts(
  request: SipRequest,
  response: SipResponse,
): Omit<DialogParts, 'app' | 'contact' | 'flow' | 'pinned'> {
  const fromTag = request.fromTag ?? '';
  return {
    id: copyText(dialogIdOf(request.callId, fromTag)),
    callId: copyText(request.callId),
    localTag: copyText(fromTag),
    remoteTag: copyText(response.toTag ?? ''),
    local: copyText(formatNameAddr(request.from)),
    remote: copyText(formatNameAddr(response.to)),
    remoteTarget: copyText(contactUri(response) ?? request.uri),
    routeSet: answeredRoutes(response),
    localCseq: request.cseq.number,
    remoteCseq: undefined,
    usage: usageOf(request.method),
    isCaller: true,
  };
}

/** The Route set that a response makes for us, RFC 3261 §12.1.2. */
export function answeredRoutes(response: SipResponse): readonly string[] {
  const routes = response.addresses('record-route').map((route) => copyText(formatNameAddr(route)));
  return routes.reverse();
}

/** The URI of the first Contact. */
export function contactUri(message: SipMessage): string | undefined {
  const { contacts } = message;
  return contacts === '*' ? undefined : contacts[0]?.uri;
}

function usageOf(method: string): 'invite' | 'subscribe' {
  return method === 'INVITE' ? 'invite' : 'subscribe';
}
