import { decodeUser, parseNameAddr, parseUri, SipSyntaxError } from '@callweave/sip';
import { type Party } from '../api.ts';

/** Longest text that is kept and shown; phones may send some of many kB. */
const MAX_CHARS = 256;

/** Who a From or To header names; what cannot be read is shown as it came. */
export function partyOf(header: string): Party {
  try {
    const { displayName, uri } = parseNameAddr(header);
    const parsed = parseUri(uri);
    const user = parsed.kind === 'sip' && parsed.user !== undefined ? decodeUser(parsed.user) : undefined;
    return {
      uri: shorten(uri),
      ...(displayName === undefined || displayName === '' ? {} : { name: shorten(displayName) }),
      ...(parsed.kind === 'tel' ? { user: parsed.number } : user === undefined ? {} : { user: shorten(user) }),
    };
  } catch (error) {
    if (error instanceof SipSyntaxError) return { uri: shorten(header) };
    throw error;
  }
}

/** At most 256 characters of `text`. */
export function shorten(text: string): string {
  return text.length <= MAX_CHARS ? text : `${text.slice(0, MAX_CHARS - 1)}…`;
}
