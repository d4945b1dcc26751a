import { z } from 'zod';
import { defineBucket, defineRequest } from './define.ts';
import { MAX_USER_BYTES, Tenant, User } from './primitives.ts';

/** Digest algorithms, weakest first (RFC 8760 §2.2). */
export const digestAlgorithms = ['MD5', 'SHA-256', 'SHA-512-256'] as const;
export const DigestAlgorithm = z.enum(digestAlgorithms);
export type DigestAlgorithm = z.infer<typeof DigestAlgorithm>;

/** One account. HA1 is as good as the password for its realm, so only auth may read the bucket. */
export const Subscriber = z.object({
  tenant: Tenant,
  user: User,
  realm: z.string().min(1).max(255),
  /** HA1 by algorithm (RFC 7616 §3.4.2), hex. */
  ha1: z.partialRecord(DigestAlgorithm, z.string().regex(/^[0-9a-f]+$/)),
  /** Strongest algorithm the account has answered with; offered from then on. */
  strongestUsed: DigestAlgorithm,
  createdAt: z.number().int(),
});
export type Subscriber = z.infer<typeof Subscriber>;

export const subscribersBucket = defineBucket('subscribers', {
  summary: 'Accounts with their HA1 hashes; readable by auth alone.',
  pattern: '{tenant}.{user}',
  value: Subscriber,
});

/** A tenant and the domains it owns. */
export const TenantRecord = z.object({
  tenant: Tenant,
  realm: z.string().min(1).max(255),
  /** Domains in lower case. */
  domains: z.array(z.string().max(255)),
  /** Weakest digest algorithm that is offered. */
  minimumAlgorithm: DigestAlgorithm,
});
export type TenantRecord = z.infer<typeof TenantRecord>;

export const tenantsBucket = defineBucket('tenants', {
  summary: 'Tenants: realm, domains, digest policy.',
  pattern: '{tenant}',
  value: TenantRecord,
});

/** HMAC keys, newest first; a key signs until it is rotated and verifies for one rotation more. */
export const KeyRing = z.object({
  keys: z.array(z.object({ id: z.string(), secret: z.string(), createdAt: z.number().int() })).min(1),
});
export type KeyRing = z.infer<typeof KeyRing>;

export const nonceKeysBucket = defineBucket('nonce-keys', {
  summary: 'The HMAC key ring of nonces, shared by the auth replicas and readable by nobody else.',
  pattern: '{purpose}',
  value: KeyRing,
});

export const flowKeysBucket = defineBucket('flow-keys', {
  summary: 'The HMAC key ring of flow tokens, shared by the edges.',
  pattern: '{purpose}',
  value: KeyRing,
});

/** A header value as received; credentials of hostile length are refused before they are parsed. */
const HeaderValue = z.string().max(2 * MAX_USER_BYTES);

const Challenges = z.array(z.string()).min(1);

export const challenge = defineRequest('callweave.rpc.auth.challenge', {
  service: 'auth-challenge-affinity',
  summary: 'Fresh digest challenges for a user, known or not (RFC 7616 §3.3).',
  request: z.object({ tenant: Tenant, user: User }),
  /** Values of WWW-Authenticate or Proxy-Authenticate, in the order to offer them. */
  response: z.object({ challenges: Challenges }),
});

export const VerifyRequest = z.object({
  tenant: Tenant,
  /** The user the request acts for: of the address-of-record, or of From. */
  user: User,
  method: z.string().max(64),
  /** Value of Authorization or Proxy-Authorization. */
  credentials: HeaderValue,
  /** Request-URI; credentials made for another host are refused. */
  requestUri: z
    .string()
    .max(2 * MAX_USER_BYTES)
    .optional(),
  /** What makes the request the one it is, hashed: with it a retransmission is told from a replay. */
  fingerprint: z.string().max(128),
  source: z.string().max(64),
});
export type VerifyRequest = z.infer<typeof VerifyRequest>;

export const VerifyResponse = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('verified'), user: User }),
  /** The nonce is too old, spent, or its issuer is gone: the device tries again by itself with these. */
  z.object({ kind: z.literal('stale'), challenges: Challenges }),
  /** Wrong password, unknown account, or an account that may not act for this user; not told apart. */
  z.object({ kind: z.literal('denied') }),
  /** The credentials cannot be read: 400. */
  z.object({ kind: z.literal('malformed'), rule: z.string() }),
]);
export type VerifyResponse = z.infer<typeof VerifyResponse>;

export const verify = defineRequest('callweave.rpc.auth.verify', {
  service: 'auth-challenge-affinity',
  summary: 'Check digest credentials; asked of the replica that issued the nonce, or of another when it is gone.',
  request: VerifyRequest,
  response: VerifyResponse,
});

export const accountExists = defineRequest('callweave.rpc.auth.exists', {
  service: 'auth-challenge-affinity',
  summary: 'Whether a user has an account; asked on behalf of callers who have proved who they are.',
  request: z.object({ tenant: Tenant, user: User }),
  response: z.object({ exists: z.boolean() }),
});
