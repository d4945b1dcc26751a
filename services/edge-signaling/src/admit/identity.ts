import { type User } from '@callweave/contracts';
import { encodeUser } from '@callweave/sip';
import { type HeaderValues, type ReadableMessage } from '@callweave/srf';

/** Who calls, and what others may know of that. What a phone asserts of itself is not part of it, RFC 3325 §5. */
export interface Identity {
  /** From without its tag, as the caller wrote it. */
  readonly from: string;
  /** Who is known to be calling, as the value of P-Asserted-Identity; undefined when nobody vouches for anybody. */
  readonly asserted: string | undefined;
  /** Value of Privacy, RFC 3323 §4.2; undefined when the caller asks for nothing. */
  readonly privacy: string | undefined;
  /** Whether no phone may learn who it is. */
  readonly isHidden: boolean;
}

export type ClaimedIdentity = Omit<Identity, 'asserted'>;

/** RFC 3323 §4.1.1.3. */
export const ANONYMOUS_HOST = 'anonymous.invalid';
const ANONYMOUS = `"Anonymous" <sip:anonymous@${ANONYMOUS_HOST}>`;
const TOKENS: ReadonlySet<string> = new Set(['header', 'session', 'user', 'none', 'critical', 'id', 'history']);

/** What a request says of who calls, before that is proved. `isAnonymous`: its From says nothing of him. */
export function readIdentity(
  request: ReadableMessage,
  { from, isAnonymous }: { readonly from: string; readonly isAnonymous: boolean },
): ClaimedIdentity {
  const asked = (request.header('privacy') ?? '').toLowerCase().split(/[;,]/);
  const tokens = asked.map((token) => token.trim()).filter((token) => TOKENS.has(token));
  const isOpen = tokens.includes('none');
  const isHidden = !isOpen && (isAnonymous || tokens.includes('id') || tokens.includes('user'));
  const privacy = isOpen ? 'none' : tokens.join(';');
  return { from, privacy: privacy === '' ? (isHidden ? 'id' : undefined) : privacy, isHidden };
}

/** The identity of who is known to be `user`, of a domain of ours. */
export function assertIdentity(claimed: ClaimedIdentity, user: User, domain: string): Identity {
  return { ...claimed, asserted: `<sip:${encodeUser(user)}@${domain}>` };
}

/**
 * The headers that tell a target who calls. A part of the platform is inside the trust domain and is told the truth and
 * what the caller wishes; a phone is outside of it: of a hidden caller it learns nothing. RFC 3325 §7
 */
export function identityHeaders(
  { from, asserted, privacy, isHidden }: Identity,
  { isInternal }: { readonly isInternal: boolean },
  tag: string,
): HeaderValues {
  if (isHidden && !isInternal) return { From: `${ANONYMOUS};tag=${tag}` };
  return {
    From: `${from};tag=${tag}`,
    ...(asserted === undefined ? {} : { 'P-Asserted-Identity': asserted }),
    ...(isInternal && privacy !== undefined ? { Privacy: privacy } : {}),
  };
}
