import { type ForwardReason, MAX_USER_BYTES, type User } from '@callweave/contracts';
import { contactQ, copyText, encodeUser, parseNameAddrList, parseUri, SipSyntaxError } from '@callweave/sip';
import { type IncomingResponse, type Reply } from '@callweave/srf';
import { dialledIn } from '../admit/dialled.ts';
import { type Target } from './targets.ts';

/** Forwardings one call follows. */
export const MAX_REDIRECTS = 5;

/** A call that is sent elsewhere, by a device or as its user has set. */
export interface Redirect {
  /** Whose call it was: it goes where he may call. */
  readonly by: User;
  /** What its user would have dialled. */
  readonly dialled: string;
  readonly reason: ForwardReason;
}

/** Whom a 3xx names, best first: users or numbers of ours, RFC 3261 §8.1.3.4. What cannot be dialled is left out. */
export function readRedirects(by: User | undefined, contact: string | undefined): Redirect[] {
  if (by === undefined || contact === undefined) return [];
  try {
    const contacts = parseNameAddrList(contact).map((addr) => ({
      q: contactQ(addr) ?? 1,
      dialled: dialledAt(addr.uri),
    }));
    return contacts
      .filter(({ dialled }) => dialled !== '' && Buffer.byteLength(dialled) <= MAX_USER_BYTES)
      .sort((a, b) => b.q - a.q)
      .map(({ dialled }) => ({ by, dialled, reason: 'deflection' }));
  } catch (error) {
    if (error instanceof SipSyntaxError) return [];
    throw error;
  }
}

/** A 3xx for a caller who is to go there himself; undefined when it does not say where. RFC 3261 §16.7 step 4 */
export function passedRedirect(response: IncomingResponse): Reply | undefined {
  const contact = response.header('contact');
  if (contact === undefined) return undefined;
  return { status: response.status, reason: response.reason, headers: { Contact: copyText(contact) } };
}

function dialledAt(text: string): string {
  const uri = parseUri(text);
  return uri.kind === 'other' ? '' : dialledIn(uri);
}

/** The target tells who sent the call on to it, the last one first. RFC 5806 §4 */
export function diverted(target: Target, path: readonly Redirect[], domain: string): Target {
  if (path.length === 0) return target;
  const diversions = path.map(({ by, reason }) => `<sip:${encodeUser(by)}@${domain}>;reason=${reason}`);
  return { ...target, headers: { ...target.headers, Diversion: diversions.reverse().join(', ') } };
}

/** Why nobody has taken a call that was not refused. */
export type NotTaken = ForwardReason & ('user-busy' | 'no-answer' | 'unavailable');

/** What the failure of a user's devices is to his forwardings; undefined when they refused the call for him. */
export function notTaken(status: number, hasRung: boolean): NotTaken | undefined {
  if (status === 486 || status === 600) return 'user-busy';
  if (status === 408 && hasRung) return 'no-answer';
  return [404, 408, 410, 430, 480].includes(status) || Math.floor(status / 100) === 5 ? 'unavailable' : undefined;
}
