import { type Clock } from '@callweave/clock';
import { CallState, defaultTenant, Tenant } from '@callweave/contracts';
import { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  type BusState,
  type CallPage,
  type InstanceList,
  type RecentEvents,
  type RegistrationPage,
  SessionRequest,
  type Status,
} from '../api.ts';
import { type CallBoard } from '../live/call-board.ts';
import { type EventLog, formatCursor } from '../live/event-log.ts';
import { type InstanceBoard } from '../live/instance-board.ts';
import { type RegistrationSource } from '../live/registrations.ts';
import { type EventStreams } from './event-stream.ts';
import { type Guard } from './guard.ts';
import { read } from './problem.ts';

export interface RouteDeps {
  readonly board: CallBoard;
  readonly instances: InstanceBoard;
  readonly log: EventLog;
  readonly streams: EventStreams;
  readonly registrations: RegistrationSource;
  readonly tenants: () => readonly string[];
  readonly busState: () => BusState;
  /** Whether everything that is stored has been read. */
  readonly isCurrent: () => boolean;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly version: string;
}

const limit = z.coerce.number().int().min(1).max(500).default(50);
const CallsQuery = z.object({
  tenant: Tenant.optional(),
  state: CallState.exclude(['ended']).optional(),
  after: z.string().max(64).optional(),
  limit,
});
const RegistrationsQuery = z.object({
  tenant: Tenant.default(defaultTenant),
  after: z.string().max(16_384).optional(),
  limit,
});
const RecentQuery = z.object({ tenant: Tenant.optional(), limit });
const EventsQuery = z.object({ tenant: Tenant.optional(), after: z.string().max(64).optional() });

/** The API, version 1. */
export function addRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const { board, instances, log, streams, registrations, guard, clock } = deps;
  const snapshot = (): { now: number; cursor: string } => ({ now: clock.epochMs(), cursor: formatCursor(log.cursor) });

  app.get('/api/v1/status', (): Status => {
    const { version, busState, tenants } = deps;
    return { now: clock.epochMs(), version, bus: busState(), tenants: [...tenants()] };
  });

  app.get('/api/v1/calls', (request): CallPage => {
    const query = read(CallsQuery, request.query);
    const { calls, next } = board.page(query);
    const page = { ...snapshot(), current: deps.isCurrent(), calls, counts: board.counts(query.tenant) };
    return next === undefined ? page : { ...page, next };
  });

  app.get('/api/v1/registrations', async (request): Promise<RegistrationPage> => {
    // The place is taken before the question: what happens meanwhile is told again, which does no harm.
    const before = snapshot();
    const { next, total, ...page } = await registrations(read(RegistrationsQuery, request.query));
    const answer = { ...before, registrations: [...page.registrations], total };
    return next === undefined ? answer : { ...answer, next };
  });

  app.get('/api/v1/instances', (): InstanceList => ({ now: clock.epochMs(), instances: instances.list() }));

  app.get('/api/v1/events/recent', (request): RecentEvents => {
    const query = read(RecentQuery, request.query);
    return { ...snapshot(), events: log.recent(query.limit, query.tenant).map(({ happening }) => happening) };
  });

  app.get('/api/v1/events', (request, reply) => {
    const { tenant, after } = read(EventsQuery, request.query);
    const last = request.headers['last-event-id'];
    streams.checkRoom();
    reply.hijack();
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // A proxy must not keep events to itself (nginx).
      'x-accel-buffering': 'no',
    });
    streams.serve(reply.raw, { tenant, after: typeof last === 'string' ? last : after });
  });

  app.get('/api/v1/session', async (_request, reply) => reply.code(204).send());

  app.post('/api/v1/session', { config: { isOpen: true } }, async (request, reply) => {
    const { token } = read(SessionRequest, request.body);
    await reply.header('set-cookie', guard.signIn(token)).code(204).send();
  });

  app.delete('/api/v1/session', { config: { isOpen: true } }, async (_request, reply) => {
    await reply.header('set-cookie', guard.signOut()).code(204).send();
  });
}
