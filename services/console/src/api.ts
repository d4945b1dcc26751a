import { CallCause, CallSide, CallState } from '@callweave/contracts';
import { z } from 'zod';

/** Who calls or is called. */
export const Party = z.object({
  name: z.string().optional(),
  user: z.string().optional(),
  /** Shortened when it is longer than anybody would read. */
  uri: z.string(),
});
export type Party = z.infer<typeof Party>;

/** A call in progress. Times are epoch ms by the clock of its edge. */
export const Call = z.object({
  callId: z.string(),
  tenant: z.string(),
  state: CallState,
  from: Party.optional(),
  to: Party.optional(),
  /** The device or application that rings or answered. */
  target: z.string().optional(),
  startedAt: z.number(),
  answeredAt: z.number().optional(),
  /** Who keeps the other on hold. */
  heldBy: z.array(CallSide).max(2).optional(),
  /** Instance that owns it. */
  edge: z.string(),
});
export type Call = z.infer<typeof Call>;

/** Calls in progress by state. */
export const CallCounts = z.object({ routing: z.number(), ringing: z.number(), answered: z.number() });
export type CallCounts = z.infer<typeof CallCounts>;

export const BusState = z.enum(['connected', 'away']);
export type BusState = z.infer<typeof BusState>;

/** What every answer about live state says of itself. */
const Snapshot = z.object({
  /** Epoch ms at the console, against which times are to be read. */
  now: z.number(),
  /** Events after this bring the answer up to date. */
  cursor: z.string(),
});

/** `GET /api/v1/calls` */
export const CallPage = Snapshot.extend({
  /** False while the console is catching up or the bus is away: this is what was known last. */
  current: z.boolean(),
  /** Newest first. */
  calls: z.array(Call),
  counts: CallCounts,
  /** Ask with this as `after` for the next page; absent on the last. */
  next: z.string().optional(),
});
export type CallPage = z.infer<typeof CallPage>;

/** Where a user can be reached. */
export const Contact = z.object({
  contact: z.string(),
  userAgent: z.string().optional(),
  expiresAt: z.number(),
  edge: z.string(),
  received: z.string().optional(),
});
export type Contact = z.infer<typeof Contact>;

export const Registration = z.object({
  tenant: z.string(),
  user: z.string(),
  aor: z.string(),
  contacts: z.array(Contact),
});
export type Registration = z.infer<typeof Registration>;

/** `GET /api/v1/registrations` */
export const RegistrationPage = Snapshot.extend({
  /** By user. */
  registrations: z.array(Registration),
  total: z.number(),
  next: z.string().optional(),
});
export type RegistrationPage = z.infer<typeof RegistrationPage>;

/** `silent`: late with its lease; `gone`: its lease ran out; `unknown`: the bus is away, nobody can be heard. */
export const InstanceState = z.enum(['alive', 'silent', 'gone', 'unknown']);
export type InstanceState = z.infer<typeof InstanceState>;

/** A process with a lease on the bus. */
export const Instance = z.object({
  service: z.string(),
  instance: z.string(),
  version: z.string(),
  startedAt: z.number(),
  /** The edge it speaks for, as calls and registrations name it. */
  holds: z.string().optional(),
  state: InstanceState,
});
export type Instance = z.infer<typeof Instance>;

/** `GET /api/v1/instances` */
export const InstanceList = z.object({ now: z.number(), instances: z.array(Instance) });
export type InstanceList = z.infer<typeof InstanceList>;

/** `GET /api/v1/status` */
export const Status = z.object({
  now: z.number(),
  version: z.string(),
  bus: BusState,
  tenants: z.array(z.string()),
});
export type Status = z.infer<typeof Status>;

/** What happened to a call, with the call as it was afterwards. */
export const CallHappening = z.object({
  about: z.literal('call'),
  kind: z.enum(['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'transferred', 'ended', 'failed']),
  at: z.number(),
  call: Call,
  /** Who holds, or no longer does; of a transfer which side is another party now. */
  by: CallSide.optional(),
  cause: CallCause.optional(),
  durationMs: z.number().optional(),
});
export type CallHappening = z.infer<typeof CallHappening>;

/** What happened to a registration. */
export const RegistrationHappening = z.object({
  about: z.literal('registration'),
  kind: z.enum(['added', 'refreshed', 'removed']),
  at: z.number(),
  tenant: z.string(),
  user: z.string(),
  aor: z.string(),
  contact: z.string(),
  edge: z.string(),
  userAgent: z.string().optional(),
  expiresAt: z.number().optional(),
  reason: z.string().optional(),
});
export type RegistrationHappening = z.infer<typeof RegistrationHappening>;

export const Happening = z.discriminatedUnion('about', [CallHappening, RegistrationHappening]);
export type Happening = z.infer<typeof Happening>;

/** `GET /api/v1/events/recent`: oldest first. */
export const RecentEvents = Snapshot.extend({ events: z.array(Happening) });
export type RecentEvents = z.infer<typeof RecentEvents>;

/** Body of `POST /api/v1/session`. */
export const SessionRequest = z.object({ token: z.string().min(1).max(512) });

/** RFC 9457. */
export const ProblemDetails = z.object({
  /** `urn:callweave:problem:…`; match on this, never on the text. */
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string().optional(),
});
export type ProblemDetails = z.infer<typeof ProblemDetails>;
