import { FakeClock } from '@callweave/clock/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { type FastifyInstance } from 'fastify';
import { type BusState, type Registration } from '../src/api.ts';
import { EventStreams } from '../src/http/event-stream.ts';
import { Guard } from '../src/http/guard.ts';
import { createServer, type ServerDeps } from '../src/http/server.ts';
import { CallBoard } from '../src/live/call-board.ts';
import { EventLog } from '../src/live/event-log.ts';
import { InstanceBoard } from '../src/live/instance-board.ts';

/** The HTTP side of the console with nothing behind it but what a test puts there. */
export interface Stage {
  readonly app: FastifyInstance;
  readonly board: CallBoard;
  readonly log: EventLog;
  readonly clock: FakeClock;
  readonly streams: EventStreams;
  bus: BusState;
}

export interface StageOptions {
  readonly token?: string;
  readonly isSecure?: boolean;
  readonly registrations?: ServerDeps['registrations'];
}

export async function openStage({ token, isSecure = false, registrations }: StageOptions = {}): Promise<Stage> {
  const clock = new FakeClock();
  const board = new CallBoard();
  const log = new EventLog();
  const stage = { bus: 'connected' as BusState };
  const instances = new InstanceBoard({ clock, isConnected: () => stage.bus === 'connected' });
  const busState = (): BusState => stage.bus;
  const streams = new EventStreams({
    ...{ log, busState, clock },
    counts: (tenant) => board.counts(tenant),
    instances: () => instances.list(),
  });
  const app = await createServer({
    ...{ board, instances, log, streams, busState, clock },
    registrations: registrations ?? (() => Promise.resolve({ registrations: [], total: 0, next: undefined })),
    tenants: () => ['default'],
    isCurrent: () => true,
    guard: new Guard({ token, isSecure, clock }),
    version: '1.2.3',
    logger: recordLogs(),
  });
  return Object.assign(stage, { app, board, log, clock, streams });
}

/** A registered user with one device. */
export function registered(user: string): Registration {
  const contact = { contact: `sip:${user}@192.0.2.1`, expiresAt: 60_000, edge: 'e' };
  return { tenant: 'default', user, aor: `sip:${user}@example.org`, contacts: [contact] };
}
