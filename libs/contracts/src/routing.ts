import { z } from 'zod';
import { defineRequest } from './define.ts';
import { CallId, MAX_USER_BYTES, Tenant, User } from './primitives.ts';
import { TrunkId } from './trunk.ts';
import { Forwards, RingSec } from './user-settings.ts';

/** Who places a call (traffic classes, S125). */
export const CallSource = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('user'), user: User }),
  z.object({ kind: z.literal('trunk'), trunk: TrunkId }),
  z.object({ kind: z.literal('app-server') }),
]);
export type CallSource = z.infer<typeof CallSource>;

/** What an application does with a call. */
export const ApplicationAction = z.enum(['voicemail', 'ivr', 'conference', 'playback', 'echo', 'queue']);
export type ApplicationAction = z.infer<typeof ApplicationAction>;

/** An application, and what it is to do. */
export const Application = z.object({
  action: ApplicationAction,
  /** Travel as `X-App-<name>` headers. */
  params: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,31}$/), z.string().max(1024)),
});
export type Application = z.infer<typeof Application>;

/** Where a call goes, one step of it. */
export const RouteTarget = z.discriminatedUnion('kind', [
  /** All devices of a user. */
  z.object({ kind: z.literal('user'), user: User, ringSec: RingSec, forwards: Forwards.optional() }),
  Application.extend({ kind: z.literal('application') }),
]);
export type RouteTarget = z.infer<typeof RouteTarget>;

export const routeCall = defineRequest('callweave.rpc.routing.route.{tenant}', {
  service: 'call-routing',
  summary: 'Where does this call go? Targets are tried one after the other.',
  request: z.object({
    tenant: Tenant,
    callId: CallId,
    source: CallSource,
    /** User part of the Request-URI, percent-decoded. */
    dialled: z.string().max(MAX_USER_BYTES),
    domain: z.string().max(255),
  }),
  response: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('targets'), targets: z.array(RouteTarget).min(1).max(16) }),
    z.object({ kind: z.literal('reject'), status: z.number().int().min(400).max(699), reason: z.string().optional() }),
  ]),
});
