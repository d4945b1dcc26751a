import { copyText, parseCSeq, parseNameAddr, parseNameAddrList } from '@callweave/sip';
import { type ReadableMessage } from '@callweave/srf';

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

/** The rest of a dialog's state, as another edge would need it to go on. RFC 3261 §12.1. */
export interface DialogState {
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
  readonly localCseq: number;
  readonly remoteCseq: number;
}

/** Contact of the message that made the dialog; empty when it has none. */
export function remoteTargetOf(message: ReadableMessage): string {
  const contact = message.header('contact');
  return contact === undefined ? '' : copyText(parseNameAddrList(contact)[0]?.uri ?? '');
}

/** Record-Route in the order of the message; a UAC reverses it, RFC 3261 §12.1.2. */
export function recordRouteOf(message: ReadableMessage): string[] {
  const route = message.header('record-route');
  return route === undefined ? [] : parseNameAddrList(route).map(({ uri }) => copyText(uri));
}

/** The number of CSeq. */
export function cseqOf(message: ReadableMessage): number {
  return parseCSeq(message.header('cseq') ?? '').number;
}
