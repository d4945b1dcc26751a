import { responseTo, serializeMessage, SipError, type SipRequest } from '@callweave/sip';
import { type Flow } from '../transport/transport.ts';
import { type Quirks, reasonFor } from './quirks.ts';
import { noteSource, responseFlow } from './received-via.ts';

export interface Rejection {
  readonly status: number;
  readonly reason?: string | undefined;
  /** Further headers, name and value. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined;
}

/**
 * Answers a request without keeping anything of it, RFC 3261 §8.2.7: a repetition gets the same answer again.
 * Does nothing when the request does not say where it came from, or is an ACK.
 */
export function reject(request: SipRequest, flow: Flow, rejection: Rejection, quirks: Quirks): void {
  if (request.method === 'ACK') return;
  try {
    const { status, reason = reasonFor(status, quirks), headers = [] } = rejection;
    if (status !== 505 || !quirks.leavesPortOf505) noteSource(request, flow, quirks);
    const response = responseTo(request, { status, reason, toTag: statelessTag(request) });
    for (const [name, value] of headers) response.headers.append(name, value);
    for (const name of ['via', 'from', 'to', 'call-id', 'cseq']) dropLineEnds(response.headers, name);
    responseFlow(request, flow).send(serializeMessage(response));
  } catch (error) {
    // Without a Via that can be read nobody knows where to answer.
    if (!(error instanceof SipError)) throw error;
  }
}

/** Tells a peer to come back later: we have too much to do, or nobody to do it. */
export function retryLater(seconds: number): Rejection {
  return { status: 503, headers: [['Retry-After', String(seconds)]] };
}

/** The same for every copy of a request, as RFC 3261 §8.2.7 wants; it protects nothing, so a plain hash will do. */
function statelessTag(request: SipRequest): string {
  const text = `${request.headers.get('via') ?? ''} ${request.headers.get('call-id') ?? ''}`;
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(text.length - 1 - i), 0x85ebca6b);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}

/** A value with a line end inside would write a line of the sender's choice into our answer. */
function dropLineEnds(headers: SipRequest['headers'], name: string): void {
  const value = headers.get(name);
  if (value !== undefined && /[\r\n\0]/.test(value)) headers.set(name, value.replace(/[\r\n\0]+/g, ' '));
}
