import { copyText, reasonPhrase } from '@callweave/sip';
import { type HeaderValues, type ReadableMessage, type Reply } from './incoming-request.ts';
import { type OutgoingRequest } from './outgoing-request.ts';

/** As much of an INVITE as it takes to say something about it in place of the engine that has its transaction. */
export interface LeftInvite {
  readonly uri: string;
  /** `ip:port` that it came from, or went to; by UDP. */
  readonly peer: string;
  /** Those that name it, as they were written. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Via, From, To, Call-ID and CSeq say whose a response is, RFC 3261 §8.2.6.2; a CANCEL has the routes too, §9.1. */
const NAMING = ['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Route'];

/** Copies it from an INVITE, which need not be kept then; a caller knows us by `toTag`. */
export function leftInvite(invite: ReadableMessage, uri: string, peer: string, toTag?: string): LeftInvite {
  const headers: Record<string, string> = {};
  for (const name of NAMING) {
    const value = invite.header(name);
    if (value !== undefined) headers[name] = copyText(value);
  }
  if (toTag !== undefined && tagOf(headers['To'] ?? '') === '') headers['To'] = `${headers['To'] ?? ''};tag=${toTag}`;
  return { uri: copyText(uri), peer, headers };
}

/** One of ours, by a response to it; undefined when that came by a connection. A second try has another branch. */
export function sentInvite(
  sent: ReadableMessage,
  uri: string,
  response: ReadableMessage & { readonly source: string; readonly transport: string },
): LeftInvite | undefined {
  const { source, transport } = response;
  const branch = /;\s*branch=[^;,\s]+/i.exec(response.header('via') ?? '')?.[0];
  if (transport !== 'udp' || source === '' || branch === undefined) return undefined;
  const { headers, ...invite } = leftInvite(sent, uri, source);
  return { ...invite, headers: { ...headers, Via: (headers['Via'] ?? '').replace(/;\s*branch=[^;,\s]+/i, branch) } };
}

const UNAVAILABLE: Reply = { status: 503, headers: { 'Retry-After': '5' } };

/** Refuses the INVITE of a caller as `reply` says; a call cannot be accepted for another. RFC 3261 §8.2.6 */
export function refusalFor(invite: LeftInvite, reply: Reply = UNAVAILABLE): OutgoingRequest {
  const { To: answered = '', ...more } = reply.headers ?? {};
  const {
    status,
    reason = reasonPhrase(status),
    headers,
  } = reply.status < 300 ? UNAVAILABLE : { ...reply, headers: more };
  const { Via = '', From = '', To = '', 'Call-ID': callId = '', CSeq = '' } = invite.headers;
  const tag = tagOf(To) === '' ? tagOf(String(answered)) || ';tag=gone' : '';
  const naming = { Via, From, To: `${To}${tag}`, 'Call-ID': callId, CSeq };
  return onBehalf(invite.peer, `SIP/2.0 ${String(status)} ${reason}`, { ...naming, ...headers });
}

/** Cancels an INVITE of ours. RFC 3261 §9.1 */
export function cancelFor({ uri, peer, headers }: LeftInvite, more: HeaderValues = {}): OutgoingRequest {
  const CSeq = (headers['CSeq'] ?? '').replace(/\S+$/, 'CANCEL');
  return onBehalf(peer, `CANCEL ${uri} SIP/2.0`, { ...headers, CSeq, 'Max-Forwards': '70', ...more });
}

/** Acknowledges a refusal of an INVITE of ours, so that it is not repeated. RFC 3261 §17.1.1.3 */
export function ackFor(response: ReadableMessage, peer: string): OutgoingRequest {
  const { headers } = leftInvite(response, '', peer);
  const CSeq = (headers['CSeq'] ?? '').replace(/\S+$/, 'ACK');
  return onBehalf(peer, `ACK sip:${peer} SIP/2.0`, { ...headers, CSeq, 'Max-Forwards': '70' });
}

/** What an engine that can says as it is written. */
function onBehalf(peer: string, line: string, headers: HeaderValues): OutgoingRequest {
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`));
  return {
    method: 'ON-BEHALF',
    uri: `sip:${peer};transport=udp`,
    headers: { 'Content-Type': 'message/sip' },
    body: [line, ...lines, 'Content-Length: 0', '\r\n'].join('\r\n'),
  };
}

/** The tag of an address, as a parameter; empty without one. */
function tagOf(address: string): string {
  return /;\s*tag=[^;>\s]+/i.exec(address.slice(address.lastIndexOf('>') + 1))?.[0] ?? '';
}
