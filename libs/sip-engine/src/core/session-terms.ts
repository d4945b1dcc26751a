import {
  type Headers,
  MIN_SESSION_SEC,
  parseSessionExpires,
  type Refresher,
  type SessionExpires,
  type SipMessage,
  type SipRequest,
} from '@callweave/sip';
import { lists } from './reliable-responses.ts';

/** The Session-Expires of a message; undefined without one that can be read. */
export function termsOf(headers: Headers): SessionExpires | undefined {
  return parseSessionExpires(headers.get('session-expires') ?? '');
}

/** Whether who sent a message knows session timers. */
export function supportsTimer(message: SipMessage): boolean {
  return lists(message, 'supported', 'timer') || lists(message, 'require', 'timer');
}

/** Whether a request is for a session: what makes one, or keeps it alive. */
export function isForSession(method: string): boolean {
  return method === 'INVITE' || method === 'UPDATE';
}

/**
 * What our 2xx says of the session that `request` asks for, RFC 4028 §9: the interval is not lengthened but to the
 * minimum, and one who does not know timers cannot be made to refresh. `preferred` decides where the request leaves
 * it open; undefined when it is not to be timed then.
 */
export function acceptedTerms(
  request: SipRequest,
  preferred: Refresher | undefined,
): Required<SessionExpires> | undefined {
  const asked = termsOf(request.headers);
  const named = asked?.refresher ?? preferred;
  if (asked === undefined || named === undefined) return undefined;
  const refresher = supportsTimer(request) ? named : 'uas';
  return { intervalSec: Math.max(asked.intervalSec, MIN_SESSION_SEC), refresher };
}
