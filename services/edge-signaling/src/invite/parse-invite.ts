import { MAX_SDP_BYTES } from '@callweave/contracts';
import { type IncomingRequest, type Reply } from '@callweave/srf';
import { type Caller, parseCaller } from '../admit/parse-caller.ts';
import { RELIABLE } from '../leg/reliable.ts';
import { parseReplaces, type Replaces } from '../transfer/replaces.ts';

/** What an INVITE says, checked. */
export interface InviteFacts extends Caller {
  /** Undefined leaves the offer to the callee, RFC 3261 §13.2.1. */
  readonly sdp: string | undefined;
  /** Whose place it is to take; undefined makes a call of its own. */
  readonly replaces: Replaces | undefined;
}

export type ParsedInvite =
  { readonly kind: 'facts'; readonly facts: InviteFacts } | { readonly kind: 'refuse'; readonly reply: Reply };

/** Session timers are the engine's, RFC 4028. */
const UNDERSTOOD = [RELIABLE, 'timer', 'replaces'];

/** Reads an INVITE; what cannot be served is refused with the RFC's answer. RFC 3261 §8.2.3, §13.3.1. */
export function parseInvite(request: IncomingRequest): ParsedInvite {
  const parsed = parseCaller(request, UNDERSTOOD);
  if (parsed.kind === 'refuse') return parsed;
  const { body: sdp } = request;
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (sdp !== undefined && type !== 'application/sdp')
    return { kind: 'refuse', reply: { status: 415, headers: { Accept: 'application/sdp' } } };
  if (sdp !== undefined && Buffer.byteLength(sdp) > MAX_SDP_BYTES) return { kind: 'refuse', reply: { status: 488 } };
  const wanted = request.header('replaces');
  const replaces = wanted === undefined ? undefined : parseReplaces(wanted);
  if (wanted !== undefined && replaces === undefined)
    return { kind: 'refuse', reply: { status: 400, reason: 'Bad Request (replaces)' } };
  return { kind: 'facts', facts: { ...parsed.caller, sdp, replaces } };
}
