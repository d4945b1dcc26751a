import { firstViaEnd, formatHostPort, MAGIC_COOKIE, type SipMessage, type SipRequest, unbracket } from '@callweave/sip';
import { type Listeners } from '../../transport/listeners.ts';
import { defaultPort, protocols } from '../../transport/transport.ts';
import { type Signer } from './signer.ts';

/** Removes the topmost Via, which may share a line with others. */
export function popVia(message: SipMessage): void {
  const text = message.required('via');
  const end = firstViaEnd(text);
  if (end === text.length) message.headers.removeFirst('via');
  else message.headers.replaceFirst('via', text.slice(end + 1).trim());
}

/** Whether a Via names one of our sockets. */
export function isOurVia(listeners: Listeners, { via }: SipMessage): boolean {
  const protocol = protocols.find((one) => one === via.transport.toLowerCase());
  if (protocol === undefined) return false;
  return listeners.isOwn(unbracket(via.host), via.port ?? defaultPort(protocol));
}

/**
 * The branch under which a request is forwarded without a transaction: the same for every copy of it, for its CANCEL
 * and the ACK of its failure, and different from hop to hop. RFC 3261 §16.11. Only we can make it.
 */
export function statelessBranch(signer: Signer, { via, callId }: SipMessage): string {
  const from = formatHostPort(via.host, via.port);
  return `${MAGIC_COOKIE}.${signer.sign(`branch ${callId} ${from} ${via.params.get('branch') ?? ''}`)}`;
}

/** What is the same when a request comes again although nobody changed where it goes. RFC 3261 §16.6 step 8. */
export function loopMark(signer: Signer, request: SipRequest): string {
  const { uri, headers, callId, cseq, fromTag = '', toTag = '' } = request;
  const routes = headers.all('route').join();
  const others = ['proxy-require', 'proxy-authorization'].map((name) => headers.all(name).join());
  return signer.sign(['loop', uri, routes, callId, cseq.number, fromTag, toTag, ...others].join(' '));
}
