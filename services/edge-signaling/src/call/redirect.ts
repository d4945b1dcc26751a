import { MAX_USER_BYTES, type User } from '@callweave/contracts';
import { contactQ, encodeUser, parseNameAddrList, parseUri, SipSyntaxError } from '@callweave/sip';
import { dialledIn } from '../admit/dialled.ts';
import { type Target } from './targets.ts';

/** Forwardings one call follows; two phones that forward to each other end here. */
export const MAX_REDIRECTS = 5;

/** A device that sent its calls elsewhere. */
export interface Redirect {
  /** Whose device: it forwards where its user may call. */
  readonly by: User;
  /** What its user would have dialled. */
  readonly dialled: string;
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
      .map(({ dialled }) => ({ by, dialled }));
  } catch (error) {
    if (error instanceof SipSyntaxError) return [];
    throw error;
  }
}

function dialledAt(text: string): string {
  const uri = parseUri(text);
  return uri.kind === 'other' ? '' : dialledIn(uri);
}

/** The target tells who sent the call to it, RFC 5806. */
export function diverted(target: Target, { by }: Redirect, domain: string): Target {
  const diversion = `<sip:${encodeUser(by)}@${domain}>;reason=deflection`;
  return { ...target, headers: { ...target.headers, Diversion: diversion } };
}
