import { z } from 'zod';
import { defineBucket, defineEvent, defineRequest } from './define.ts';
import { Aor, Epoch, EpochMs, FlowToken, InstanceId, Sequence, Tenant, User } from './primitives.ts';

/** Longest Contact URI that is stored. */
export const MAX_CONTACT_BYTES = 20_480;

const Contact = z.string().min(1).max(MAX_CONTACT_BYTES);

/** One contact at which an address-of-record can be reached now. */
export const Binding = z.object({
  /** Contact URI as the device gave it. */
  contact: Contact,
  /** `+sip.instance` and `reg-id` of RFC 5626, when the device has them. */
  instanceId: z.string().max(256).optional(),
  regId: z.number().int().positive().optional(),
  /** Preference 0–1, RFC 3261 §10.2.1.2; 1 when absent. */
  q: z.number().min(0).max(1),
  expiresAt: EpochMs,
  /** Call-ID and CSeq of the REGISTER that wrote it, RFC 3261 §10.3 step 7. */
  callId: z.string().max(MAX_CONTACT_BYTES),
  cseq: z.number().int().nonnegative(),
  userAgent: z.string().max(256).optional(),
  /** The edge that holds the flow; requests to this contact leave from there. */
  edge: InstanceId,
  flow: FlowToken,
  /** Source address `ip:port` when the device is behind NAT. */
  received: z.string().max(64).optional(),
  /** That NAT forgets it unless it is asked something now and then: it is reached by UDP. */
  keepAlive: z.literal(true).optional(),
  path: z.array(z.string().max(2048)).max(8),
  /** The event its last write was told as; a repeated REGISTER tells the same again. */
  told: z.enum(['added', 'refreshed']),
  sequence: Sequence,
});
export type Binding = z.infer<typeof Binding>;

/** Why a binding went. */
export const RemovalReason = z.enum(['expired', 'unregistered', 'replaced', 'operator', 'flow-closed']);
export type RemovalReason = z.infer<typeof RemovalReason>;

/** A binding that went a moment ago: kept so that late and repeated REGISTERs are known for what they are. */
export const GoneBinding = Binding.pick({
  contact: true,
  instanceId: true,
  regId: true,
  callId: true,
  cseq: true,
  edge: true,
  sequence: true,
}).extend({ reason: RemovalReason, until: EpochMs });
export type GoneBinding = z.infer<typeof GoneBinding>;

/** All bindings of one address-of-record. */
export const LocationRecord = z.object({
  tenant: Tenant,
  user: User,
  aor: Aor,
  bindings: z.array(Binding),
  gone: z.array(GoneBinding),
  /** Number of the last event told about this address-of-record since it was last without any record. */
  sequence: z.number().int().nonnegative(),
  epoch: Epoch,
});
export type LocationRecord = z.infer<typeof LocationRecord>;

/** The shared user location (S96). */
export const locationBucket = defineBucket('location', {
  summary: 'Bindings, a record per address-of-record.',
  pattern: '{tenant}.{user}',
  value: LocationRecord,
});

/** What a REGISTER asks for one contact. */
export const ContactRequest = z.object({
  contact: Contact,
  /** Undefined: the Expires header or our default decides. */
  expiresSec: z.number().int().nonnegative().optional(),
  q: z.number().min(0).max(1).optional(),
  instanceId: z.string().max(256).optional(),
  regId: z.number().int().positive().optional(),
});
export type ContactRequest = z.infer<typeof ContactRequest>;

/** A REGISTER from an authenticated device. */
export const RegisterRequest = z.object({
  tenant: Tenant,
  user: User,
  aor: Aor,
  callId: z.string().min(1).max(MAX_CONTACT_BYTES),
  cseq: z.number().int().nonnegative(),
  /** Empty: a query for the present bindings. */
  contacts: z.union([z.literal('*'), z.array(ContactRequest).max(32)]),
  /** The Expires header. */
  expiresSec: z.number().int().nonnegative().optional(),
  path: z.array(z.string().max(2048)).max(8),
  userAgent: z.string().max(256).optional(),
  edge: InstanceId,
  flow: FlowToken,
  received: z.string().max(64).optional(),
  keepAlive: z.literal(true).optional(),
});
export type RegisterRequest = z.infer<typeof RegisterRequest>;

/** A binding as its device is told about it. */
export const GrantedContact = z.object({
  contact: Contact,
  expiresSec: z.number().int().nonnegative(),
  q: z.number(),
  instanceId: z.string().optional(),
  regId: z.number().optional(),
});
export type GrantedContact = z.infer<typeof GrantedContact>;

export const RegisterResponse = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('registered'), contacts: z.array(GrantedContact) }),
  /** RFC 3261 §10.3 step 7: 423 with Min-Expires. */
  z.object({ kind: z.literal('interval-too-brief'), minExpiresSec: z.number().int() }),
  /** An older CSeq of the same Call-ID: the update is void. */
  z.object({ kind: z.literal('out-of-order') }),
  z.object({ kind: z.literal('too-many-contacts'), max: z.number().int() }),
  /** Others kept winning the record; try again. */
  z.object({ kind: z.literal('busy'), retryAfterSec: z.number().int() }),
]);
export type RegisterResponse = z.infer<typeof RegisterResponse>;

export const register = defineRequest('callweave.rpc.registrar.register', {
  service: 'registrar',
  summary: 'Add, refresh, remove or query the bindings of an address-of-record (RFC 3261 §10.3).',
  request: RegisterRequest,
  response: RegisterResponse,
});

export const listRegistrations = defineRequest('callweave.rpc.registrar.list', {
  service: 'registrar',
  summary: 'All registered users of a tenant, in pages ordered by user.',
  request: z.object({
    tenant: Tenant,
    /** Continue after this user. */
    after: z.string().optional(),
    limit: z.number().int().min(1).max(500),
  }),
  response: z.object({
    users: z.array(z.object({ user: User, aor: Aor, bindings: z.array(Binding) })),
    total: z.number().int(),
    more: z.boolean(),
  }),
});

export const removeRegistration = defineRequest('callweave.rpc.registrar.remove', {
  service: 'registrar',
  summary: 'Remove bindings of a user: all or one contact for an operator, those of a closed flow for its edge.',
  request: z.object({
    tenant: Tenant,
    user: User,
    contact: Contact.optional(),
    /** Only bindings whose device can be reached by this flow alone, which has closed. */
    flow: FlowToken.optional(),
  }),
  response: z.object({ removed: z.number().int() }),
});

/** What all registration events tell. */
const RegistrationFact = z.object({
  tenant: Tenant,
  user: User,
  aor: Aor,
  contact: Contact,
  edge: InstanceId,
  sequence: Sequence,
});

export const BindingUpdated = RegistrationFact.extend({ expiresAt: EpochMs, userAgent: z.string().optional() });
export type BindingUpdated = z.infer<typeof BindingUpdated>;

export const BindingRemoved = RegistrationFact.extend({
  reason: RemovalReason,
});
export type BindingRemoved = z.infer<typeof BindingRemoved>;

export const bindingAdded = defineEvent('callweave.registration.v1.{tenant}.{user}.added', {
  summary: 'A device can be reached that could not be before.',
  data: BindingUpdated,
});

export const bindingRefreshed = defineEvent('callweave.registration.v1.{tenant}.{user}.refreshed', {
  summary: 'A device prolonged its binding.',
  data: BindingUpdated,
});

export const bindingRemoved = defineEvent('callweave.registration.v1.{tenant}.{user}.removed', {
  summary: 'A device can no longer be reached at this contact.',
  data: BindingRemoved,
});
