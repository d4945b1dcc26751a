import { Bus } from '@callweave/bus';
import {
  callsBucket,
  callsStream,
  consoleProfile,
  instancesBucket,
  registrationsStream,
  tenantsBucket,
} from '@callweave/contracts';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { gauge } from '@callweave/telemetry';
import { type BusState } from './api.ts';
import { type Config } from './config.ts';
import { EventStreams } from './http/event-stream.ts';
import { Guard } from './http/guard.ts';
import { createServer, listen, underWay } from './http/server.ts';
import { CallBoard } from './live/call-board.ts';
import { callFacts } from './live/call-facts.ts';
import { EventLog } from './live/event-log.ts';
import { InstanceBoard } from './live/instance-board.ts';
import { registrationFacts } from './live/registration-facts.ts';
import { askRegistrar } from './live/registrations.ts';
import { liveCalls } from './metrics.ts';

/** A little above the longest ringing time: a call that rang before is answered, and then has a record. */
const CALLS_LOOK_BACK_SEC = 660;
const REGISTRATIONS_LOOK_BACK_SEC = 120;

/** The console and where its page is. */
export interface RunningConsole extends RunningService {
  readonly port: number;
  /** Whether no time is to be lost: somebody waits for an answer or looks at the page, or what is stored is still being read. */
  isUrgent(): boolean;
}

/** The composition root: the only file that knows which part is given to which. */
export async function startConsole(context: ServiceContext<Config>): Promise<RunningConsole> {
  const { log: logger, clock, version } = context;
  const { host, port, token, publicUrl } = context.config;
  const bus = await Bus.connectService(consoleProfile, context);
  const busState = (): BusState => (bus.isConnected() ? 'connected' : 'away');
  const board = new CallBoard();
  const log = new EventLog();
  gauge(liveCalls, () => board.size);
  const records = bus.bucket(callsBucket);
  const calls = bus.follow({
    stream: callsStream,
    lookBackSec: CALLS_LOOK_BACK_SEC,
    facts: callFacts({ board, log }),
    onRestart: async (position) => {
      const entries = await records.list({ kind: 'call' });
      board.restart(entries.flatMap(({ value }) => (value.kind === 'call' ? [value.call] : [])));
      log.restart('calls', position);
    },
  });
  const registrations = bus.follow({
    stream: registrationsStream,
    lookBackSec: REGISTRATIONS_LOOK_BACK_SEC,
    facts: registrationFacts(log),
    onRestart: (position) => log.restart('registrations', position),
  });
  const instances = new InstanceBoard({ clock, isConnected: () => bus.isConnected() });
  bus.watch(instancesBucket, { onRecord: (key, lease, revision) => instances.renew(key, lease, revision) });
  const ticking = clock.every(1_000, () => instances.tick());
  const tenants = new Set<string>();
  bus.watch(tenantsBucket, { onRecord: (_key, { tenant }) => tenants.add(tenant) });
  const streams = new EventStreams({
    ...{ log, busState, clock },
    counts: (tenant) => board.counts(tenant),
    instances: () => instances.list(),
  });
  const app = await createServer({
    ...{ board, instances, log, streams, busState, clock, version, logger },
    registrations: askRegistrar(bus),
    tenants: () => [...tenants].sort(),
    isCurrent: () => bus.isConnected() && calls.isCurrent,
    guard: new Guard({ token: token?.reveal(), isSecure: publicUrl?.startsWith('https:') ?? false, clock }),
  });
  const answers = underWay(app);
  let opened: number;
  try {
    opened = await listen(app, host, port);
  } catch (error) {
    await bus.close();
    throw error;
  }
  await bus.serve();
  logger.info('console.listening', { host, port: opened, token: token !== undefined });
  // What was read once is shown when the bus goes away; until then there is nothing to show.
  let wasRead = false;

  return {
    port: opened,
    isUrgent: () => answers.size > 0 || !calls.isCurrent || !registrations.isCurrent,
    notReady: () => {
      wasRead ||= calls.isCurrent && registrations.isCurrent;
      return wasRead ? undefined : 'the calls are being read';
    },
    drain: () => bus.drain(),
    stop: async () => {
      ticking.cancel();
      streams.stop();
      await app.close();
      await bus.close();
    },
  };
}
