import { type TimedSession } from '@callweave/contracts';
import {
  copyText,
  formatNameAddr,
  type NameAddr,
  parseCSeq,
  parseNameAddr,
  parseNameAddrList,
  parseUri,
  SipSyntaxError,
  unbracket,
} from '@callweave/sip';
import { type ReadableMessage } from '@callweave/srf';
import { acceptedTerms, termsOfAnswer } from './session-terms.ts';

/** What identifies a dialog besides our own tag, RFC 3261 §12. */
export interface DialogIdentity {
  readonly callId: string;
  readonly remoteTag: string;
}

/** Call-ID and the tag of the header `remote`, copied so that they do not keep their message alive. */
export function dialogIdentity(message: ReadableMessage, remote: 'from' | 'to'): DialogIdentity {
  return { callId: copyText(message.header('call-id') ?? ''), remoteTag: copyText(tagOf(message, remote) ?? '') };
}

/** The tag of From or To. */
export function tagOf(message: ReadableMessage, header: 'from' | 'to'): string | undefined {
  return parseNameAddr(message.header(header) ?? '').params.get('tag');
}

/** The engine's name of a dialog: Call-ID and the From tag of the request that opened it. */
export function engineDialogId(callId: string, fromTag: string): string {
  return `${callId};from-tag=${fromTag}`;
}

/** The From tag in such a name; empty without one. */
export function tagOfDialog(dialogId: string): string {
  return dialogId.split(';from-tag=')[1] ?? '';
}

/** The rest of a dialog's state, as another edge would need it to go on. RFC 3261 §12.1. */
export interface DialogState {
  /** From and To of our requests, without their tags. */
  readonly localUri: string;
  readonly remoteUri: string;
  readonly remoteTarget: string;
  /** `+sip.instance` of the peer's Contact: the same wherever its device is. RFC 5626 §4.1 */
  readonly instanceId?: string | undefined;
  /** Where requests go when neither route nor target leads to the peer; a SIP URI. */
  readonly nextHop: string | undefined;
  readonly routeSet: readonly string[];
  readonly localCseq: number;
  readonly remoteCseq: number;
  /** Undefined when it may last for ever. */
  readonly session?: TimedSession | undefined;
}

/** Contact of the message that made the dialog; empty when it has none. */
export function remoteTargetOf(message: ReadableMessage): string {
  return copyText(contactOf(message)?.uri ?? '');
}

/** The peer by that Contact. */
export function peerOf(message: ReadableMessage): Pick<DialogState, 'remoteTarget' | 'instanceId'> {
  const contact = contactOf(message);
  const instanceId = contact?.params.get('+sip.instance');
  const remoteTarget = copyText(contact?.uri ?? '');
  return instanceId === undefined ? { remoteTarget } : { remoteTarget, instanceId: copyText(instanceId) };
}

function contactOf(message: ReadableMessage): NameAddr | undefined {
  const contact = message.header('contact');
  return contact === undefined ? undefined : parseNameAddrList(contact)[0];
}

/** Record-Route in the order of the message; a UAC reverses it, RFC 3261 §12.1.2. */
export function recordRouteOf(message: ReadableMessage): string[] {
  const route = message.header('record-route');
  return route === undefined ? [] : parseNameAddrList(route).map(({ uri }) => copyText(uri));
}

/** An address header without its tag. */
export function partyOf(message: ReadableMessage, header: 'from' | 'to'): string {
  const party = parseNameAddr(message.header(header) ?? '');
  const params = new Map([...party.params].filter(([name]) => name !== 'tag'));
  return copyText(formatNameAddr({ ...party, params }));
}

/**
 * The way to a peer whose Contact names another address than the one it was heard from, as behind a NAT, when no proxy
 * asked to stay in between. The engine that had the dialog went the same way.
 */
export function nextHopOf(
  message: ReadableMessage,
  { source, transport }: { readonly source: string; readonly transport: string },
): string | undefined {
  if (source === '' || message.header('record-route') !== undefined) return undefined;
  const seen = `sip:${source};transport=${transport}`;
  return leadsTo(remoteTargetOf(message), source) ? undefined : seen;
}

/** The dialog that a 2xx to an INVITE of ours opens. RFC 3261 §12.1.2 */
export function answeredDialog(response: TargetRefresh): DialogState {
  return {
    localUri: partyOf(response, 'from'),
    remoteUri: partyOf(response, 'to'),
    ...peerOf(response),
    nextHop: nextHopOf(response, response),
    routeSet: recordRouteOf(response).reverse(),
    localCseq: cseqOf(response),
    remoteCseq: 0,
    session: termsOfAnswer(response),
  };
}

/** A message that may name another Contact than the one before, and where it was seen. RFC 3261 §12.2. */
export interface TargetRefresh extends ReadableMessage {
  readonly source: string;
  readonly transport: string;
}

/**
 * A dialog whose peer has said where it is now, and how long its session lasts; the route set stays as it is. RFC 3261
 * §12.2.1.2, §12.2.2, RFC 4028.
 */
export function refreshed(before: DialogState, message: TargetRefresh): DialogState {
  const remoteTarget = remoteTargetOf(message);
  const agreed = 'status' in message ? termsOfAnswer : acceptedTerms;
  const dialog = { ...before, session: agreed(message, before.session) };
  if (remoteTarget === '') return dialog;
  return { ...dialog, remoteTarget, nextHop: dialog.routeSet.length > 0 ? undefined : nextHopOf(message, message) };
}

/** Whether the connection that the peer has opened is the only way to it. */
export function isConnected({ nextHop = '' }: Pick<DialogState, 'nextHop'>): boolean {
  return /;transport=(tcp|tls|wss?)\b/i.test(nextHop);
}

function leadsTo(target: string, source: string): boolean {
  try {
    const uri = parseUri(target);
    const seen = parseUri(`sip:${source}`);
    if (uri.kind !== 'sip' || seen.kind !== 'sip') return false;
    return unbracket(uri.host) === unbracket(seen.host) && (uri.port ?? 5060) === (seen.port ?? 5060);
  } catch (error) {
    if (error instanceof SipSyntaxError) return false;
    throw error;
  }
}

/** The number of CSeq. */
export function cseqOf(message: ReadableMessage): number {
  return parseCSeq(message.header('cseq') ?? '').number;
}
