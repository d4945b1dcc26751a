import { z } from 'zod';

/** Longest user part that is served; a longer one is refused at the edge. */
export const MAX_USER_BYTES = 16_384;

/** A customer of the platform; owns domains, users and dial plans. */
export const Tenant = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .brand<'Tenant'>();
export type Tenant = z.infer<typeof Tenant>;

/** The tenant that takes every domain nobody else owns. */
export const defaultTenant = Tenant.parse('default');

/** The user part of an address-of-record, percent-decoded (RFC 3261 §10.3 step 5). */
export const User = z.string().min(1).max(MAX_USER_BYTES).brand<'User'>();
export type User = z.infer<typeof User>;

/** An address-of-record as `sip:user@domain`. */
export const Aor = z
  .string()
  .startsWith('sip:')
  .max(2 * MAX_USER_BYTES)
  .brand<'Aor'>();
export type Aor = z.infer<typeof Aor>;

/** One running process of a service: 80 random bits in base32. */
export const InstanceId = z
  .string()
  .regex(/^[a-z2-7]{16}$/)
  .brand<'InstanceId'>();
export type InstanceId = z.infer<typeof InstanceId>;

/** A call, named by the edge that received its INVITE (ULID). */
export const CallId = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  .brand<'CallId'>();
export type CallId = z.infer<typeof CallId>;

/** A leg, which is also our local tag: the call it was made for, in lower case, and 50 random bits in base32. */
export const LegId = z
  .string()
  .regex(/^[a-z0-9]{26}[a-z2-7]{10}$/)
  .brand<'LegId'>();
export type LegId = z.infer<typeof LegId>;

const CALL_ID_LENGTH = 26;

/** The call that a leg was made for, which a transfer may have taken it out of; undefined when it was made for none. */
export function callIdOf(legId: LegId): CallId | undefined {
  return CallId.safeParse(legId.slice(0, CALL_ID_LENGTH).toUpperCase()).data;
}

/** How the edge reaches a device again; opaque to everybody else. */
export const FlowToken = z.string().min(1).max(512).brand<'FlowToken'>();
export type FlowToken = z.infer<typeof FlowToken>;

/** Milliseconds since the Unix epoch. */
export const EpochMs = z.number().int().nonnegative().brand<'EpochMs'>();
export type EpochMs = z.infer<typeof EpochMs>;

/** Position of an event among those about the same thing, from 1. */
export const Sequence = z.number().int().positive();

/** Times a record changed owner, from 1. */
export const Epoch = z.number().int().positive();
