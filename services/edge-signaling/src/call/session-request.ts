import { MAX_SDP_BYTES } from '@callweave/contracts';
import { type IncomingRequest, type Reply } from '@callweave/srf';

/** What a request inside a dialog means for the session. */
export type SessionRequest =
  | { readonly kind: 'offer'; readonly sdp: string }
  /** It leaves the offer to the other side. */
  | { readonly kind: 'ask' }
  | { readonly kind: 'refuse'; readonly reply: Reply }
  /** It leaves the session alone. */
  | { readonly kind: 'other' };

/** Reads a re-INVITE or UPDATE, RFC 3261 §14.2 and RFC 3311 §5.2. An UPDATE without a session changes none. */
export function readSessionRequest(request: IncomingRequest): SessionRequest {
  const { method, body } = request;
  if (method !== 'INVITE' && method !== 'UPDATE') return { kind: 'other' };
  const required = (request.header('require') ?? '').trim();
  if (required !== '') return refuse({ status: 420, headers: { Unsupported: required } });
  if (body === undefined) return { kind: method === 'INVITE' ? 'ask' : 'other' };
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/sdp') return refuse({ status: 415, headers: { Accept: 'application/sdp' } });
  return Buffer.byteLength(body) > MAX_SDP_BYTES ? refuse({ status: 488 }) : { kind: 'offer', sdp: body };
}

function refuse(reply: Reply): SessionRequest {
  return { kind: 'refuse', reply };
}
