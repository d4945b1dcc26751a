import { type SipRequest } from '@callweave/sip';

/** How many branches a request may have at once that says nothing about it, and at most. RFC 5393 §5.3.3. */
const MAX_BREADTH = 60;

/**
 * How many branches a request may have at once from here on, all its forks further on included. RFC 5393 §5.3.3: more
 * than we would give it is cut down; so is what cannot be read.
 */
export function breadthOf({ headers }: SipRequest): number {
  const text = headers.get('max-breadth');
  return text !== undefined && /^\d{1,9}$/.test(text) ? Math.min(Number(text), MAX_BREADTH) : MAX_BREADTH;
}

/** What one of `among` branches gets of what is free, so that nothing is left after the last; 0 when nothing is. */
export function shareOf(free: number, among: number): number {
  return free === 0 ? 0 : Math.max(1, Math.floor(free / among));
}
