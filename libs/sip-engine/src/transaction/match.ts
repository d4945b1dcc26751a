import { formatHostPort, MAGIC_COOKIE, type SipRequest, type SipResponse } from '@callweave/sip';

/**
 * By what a request is known to belong to a server transaction, RFC 3261 §17.2.3; an ACK gets the key of its INVITE.
 * Throws `SipSyntaxError` when what it needs is missing.
 */
export function serverKey(request: SipRequest, method = request.method): string {
  const { via } = request;
  const counted = method === 'ACK' ? 'INVITE' : method;
  const branch = via.params.get('branch') ?? '';
  const sentBy = formatHostPort(via.host, via.port);
  if (branch.startsWith(MAGIC_COOKIE) && branch.length > MAGIC_COOKIE.length) return `${counted} ${branch} ${sentBy}`;
  // From a sender of RFC 2543 the branch says nothing.
  return `${counted} ${sentBy} ${request.callId} ${request.cseq.number} ${request.fromTag ?? ''} ${branch}`;
}

/** What a request outside a dialog shares with its copies that came another way, RFC 3261 §8.2.2.2. */
export function mergeKey({ callId, fromTag = '', cseq }: SipRequest): string {
  return `${cseq.method} ${cseq.number} ${callId} ${fromTag}`;
}

/** By what a response is known to belong to a client transaction, RFC 3261 §17.1.3. */
export function clientKey(response: SipResponse): string {
  return `${response.cseq.method} ${response.via.params.get('branch') ?? ''}`;
}
