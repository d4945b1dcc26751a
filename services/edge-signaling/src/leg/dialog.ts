import { copyText, parseNameAddr } from '@callweave/sip';
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
