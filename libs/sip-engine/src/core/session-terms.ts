import { type Headers, type SipMessage, type SipRequest } from '@callweave/sip';
import { lists } from './reliable-responses.ts';

/** The shortest session anybody may ask for, RFC 4028 §5. */
export const MIN_SESSION_SEC = 90;

/** A refresher as a message names it: by its part in the transaction. */
export type Refresher = 'uac' | 'uas';

/** What a Session-Expires says, RFC 4028 §4. */
export interface SessionTerms {
  readonly intervalSec: number;
  readonly refresher: Refresher | undefined;
}

/** The Session-Expires of a message; undefined without one that can be read. */
export function termsOf(headers: Headers): SessionTerms | undefined {
  const [, seconds, params = ''] = /^\s*(\d{1,9})\s*(;.*)?$/.exec(headers.get('session-expires') ?? '') ?? [];
  if (seconds === undefined) return undefined;
  const refresher = /;\s*refresher\s*=\s*(uac|uas)\b/i.exec(params)?.[1]?.toLowerCase();
  return {
    intervalSec: Number(seconds),
    refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined,
  };
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
): Required<SessionTerms> | undefined {
  const asked = termsOf(request.headers);
  const named = asked?.refresher ?? preferred;
  if (asked === undefined || named === undefined) return undefined;
  const refresher = supportsTimer(request) ? named : 'uas';
  return { intervalSec: Math.max(asked.intervalSec, MIN_SESSION_SEC), refresher };
}
