import { decodeUser, type SipUri, type TelUri } from '@callweave/sip';

const TELEPHONE = /^\+?[0-9a-f*#().-]+$/i;

/**
 * What a URI dials: the number of a tel URI without its visual separators (RFC 3966 §5.1.1), the same where a SIP URI
 * says `user=phone` (RFC 3261 §19.1.6), else its user part, percent-decoded; empty when there is none.
 */
export function dialledIn(uri: SipUri | TelUri): string {
  if (uri.kind === 'tel') return digitsOf(uri.number);
  const user = decodeUser(uri.user ?? '');
  if (uri.params.get('user')?.toLowerCase() !== 'phone') return user;
  const [subscriber = ''] = user.split(';');
  return TELEPHONE.test(subscriber) ? digitsOf(subscriber) : user;
}

function digitsOf(number: string): string {
  return number.replace(/[-.()]/g, '');
}
