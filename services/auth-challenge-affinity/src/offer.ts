import { type DigestAlgorithm, digestAlgorithms, type Subscriber } from '@callweave/contracts';

/**
 * The algorithms to offer, in the order of the headers. MD5 alone by default: baresip 1.0.0 refuses a 401 that offers
 * anything else, SIPp, JsSIP and SIP.js one that begins with another. An account that has used a stronger one is
 * offered that first, then what it may fall back to (RFC 8760 §2.4); a tenant's minimum overrides. An unknown account
 * is offered what a new one is.
 */
export function offeredAlgorithms(
  minimum: DigestAlgorithm,
  account: Pick<Subscriber, 'ha1' | 'strongestUsed'> | undefined,
): DigestAlgorithm[] {
  const strength = (algorithm: DigestAlgorithm): number => digestAlgorithms.indexOf(algorithm);
  const strongest = account?.strongestUsed ?? 'MD5';
  const candidates = digestAlgorithms.filter(
    (algorithm) => strength(algorithm) >= strength(minimum) && strength(algorithm) <= strength(strongest),
  );
  const usable = candidates.filter((algorithm) => account === undefined || account.ha1[algorithm] !== undefined);
  return usable.length > 0 ? usable.reverse() : [minimum];
}
