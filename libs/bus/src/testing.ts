import { systemClock } from '@callweave/clock';
import { type ServiceProfile, serviceProfiles } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { Bus } from './bus.ts';
import { type Connection, openConnection } from './connection.ts';
import { OPERATOR, spawnNats } from './nats-process.ts';
import { provision } from './provision.ts';

export { readFacts, type StoredFact } from './read-facts.ts';

/** A real nats-server of the test's own, with JetStream and a user per service. */
export interface NatsServer {
  readonly url: string;
  /** Ends the process (`SIGKILL` unless told otherwise) and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** A connection that may do everything. */
  operator(): Promise<Connection>;
  /** A provisioned service's bus under its own permissions. */
  bus(profile: ServiceProfile, instance: string): Promise<Bus>;
  /** Closes what was handed out, ends the server and removes its data. */
  stop(): Promise<void>;
}

export interface NatsServerOptions {
  /** Services that get a user, for tests with profiles of their own. */
  readonly profiles?: readonly ServiceProfile[];
}

/** Starts nats-server on a free port of loopback, provisioned from the contracts. */
export async function startNats({ profiles = serviceProfiles }: NatsServerOptions = {}): Promise<NatsServer> {
  const server = await spawnNats(profiles);
  const { url } = server;
  const closers: (() => Promise<void>)[] = [];
  const log = recordLogs();

  const operator = async (): Promise<Connection> => {
    const connection = await openConnection({ url, ...OPERATOR, name: 'operator' }, log);
    closers.push(() => connection.nc.close());
    return connection;
  };
  await provision((await operator()).jsm, { replicas: 1 });

  return {
    url,
    kill: (signal) => server.kill(signal),
    restart: () => server.restart(),
    operator,
    bus: async (profile, instance) => {
      const credentials = { user: profile.name, password: profile.name };
      const options = { url, ...credentials, profile, instance, version: '0.0.0', clock: systemClock, log };
      const bus = await Bus.connect(options);
      closers.push(() => bus.close());
      return bus;
    },
    stop: async () => {
      await Promise.all(closers.map((close) => close()));
      await server.remove();
    },
  };
}
