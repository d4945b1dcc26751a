import { type TimedSession } from '@callweave/contracts';
import { MIN_SESSION_SEC, parseSessionExpires, type SessionExpires } from '@callweave/sip';
import { type HeaderValues, type ReadableMessage } from '@callweave/srf';
import { abilities } from '../abilities.ts';

/**
 * What a 2xx of ours agrees to about the session that `request` wants; undefined when it may last for ever. Where that is
 * left to us the peer refreshes it, if it knows how. RFC 4028 §9
 */
export function acceptedTerms(request: ReadableMessage, before?: TimedSession): TimedSession | undefined {
  const asked = termsIn(request);
  if (asked === undefined) return undefined;
  const { refresher = 'uac' } = asked;
  const isOurs = refresher === 'uas' || !/\btimer\b/i.test(`${supported(request)},${request.header('require') ?? ''}`);
  const intervalSec = Math.max(asked.intervalSec, MIN_SESSION_SEC);
  return { intervalSec, isOurs, takesUpdate: takesUpdate(request, before) };
}

/** What a 2xx to a request of ours agrees to; undefined when the session may last for ever. RFC 4028 §7.2 */
export function termsOfAnswer(response: ReadableMessage, before?: TimedSession): TimedSession | undefined {
  const agreed = termsIn(response);
  if (agreed === undefined) return undefined;
  const { intervalSec, refresher } = agreed;
  return { intervalSec, isOurs: refresher !== 'uas', takesUpdate: takesUpdate(response, before) };
}

/** What our 2xx says of a session. RFC 4028 §9 */
export function answerHeaders({ intervalSec, isOurs }: TimedSession): HeaderValues {
  return { 'Session-Expires': `${String(intervalSec)};refresher=${isOurs ? 'uas' : 'uac'}` };
}

/** What our INVITE or UPDATE says of a session that there is. RFC 4028 §7.4 */
export function requestHeaders({ intervalSec, isOurs }: TimedSession): HeaderValues {
  const refresher = isOurs ? 'uac' : 'uas';
  return {
    'Session-Expires': `${String(intervalSec)};refresher=${refresher}`,
    'Min-SE': String(MIN_SESSION_SEC),
    Supported: `timer, ${abilities.Supported}`,
  };
}

/** Whether a request keeps a session alive once it is accepted. */
export function isForSession(method: string): boolean {
  return method === 'INVITE' || method === 'UPDATE';
}

function termsIn(message: ReadableMessage): SessionExpires | undefined {
  return parseSessionExpires(message.header('session-expires') ?? message.header('x') ?? '');
}

function supported(message: ReadableMessage): string {
  return message.header('supported') ?? message.header('k') ?? '';
}

function takesUpdate(message: ReadableMessage, before: TimedSession | undefined): boolean {
  const allow = message.header('allow');
  return allow === undefined ? before?.takesUpdate === true : /\bUPDATE\b/.test(allow);
}
