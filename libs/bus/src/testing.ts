import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@callweave/clock';
import { type ServiceProfile, serviceProfiles } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { connect } from 'nats';
import { Bus } from './bus.ts';
import { type Connection, inboxPrefix, openConnection } from './connection.ts';
import { natsPermissions } from './permissions.ts';
import { provision } from './provision.ts';

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

const OPERATOR = { user: 'operator', password: 'operator' };

/** Starts nats-server on a free port of loopback, provisioned from the contracts. */
export async function startNats(): Promise<NatsServer> {
  const directory = mkdtempSync(join(tmpdir(), 'callweave-nats-'));
  const port = await freePort();
  const url = `nats://127.0.0.1:${String(port)}`;
  const config = join(directory, 'nats.conf');
  writeFileSync(config, JSON.stringify(serverConfig(port, directory)));
  const closers: (() => Promise<void>)[] = [];
  const log = recordLogs();

  let child = await launch(config, url);
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  const operator = async (): Promise<Connection> => {
    const connection = await openConnection({ url, ...OPERATOR, name: 'operator' }, log);
    closers.push(() => connection.nc.close());
    return connection;
  };
  await provision((await operator()).jsm, { replicas: 1 });

  return {
    url,
    kill,
    restart: async () => {
      child = await launch(config, url);
    },
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
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function serverConfig(port: number, directory: string): object {
  const users = serviceProfiles.map((profile) => ({
    user: profile.name,
    password: profile.name,
    permissions: natsPermissions(profile),
  }));
  return {
    listen: `127.0.0.1:${String(port)}`,
    ping_interval: '2s',
    ping_max: 2,
    log_file: join(directory, 'nats.log'),
    jetstream: { store_dir: directory },
    authorization: { users: [...users, OPERATOR] },
  };
}

async function launch(config: string, url: string): Promise<ReturnType<typeof spawn>> {
  const child = spawn('nats-server', ['-c', config], {
    stdio: 'ignore',
    env: { PATH: '/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/bin' },
  });
  const died = once(child, 'exit').then(() => {
    throw new Error(`nats-server ended: ${readFileSync(config.replace(/conf$/, 'log'), 'utf8')}`);
  });
  died.catch(() => undefined);
  await Promise.race([died, accepting(url)]);
  return child;
}

/** Tries until the server lets the operator in with JetStream up. */
async function accepting(url: string): Promise<void> {
  for (;;) {
    try {
      const nc = await connect({
        servers: url,
        user: OPERATOR.user,
        pass: OPERATOR.password,
        inboxPrefix: inboxPrefix('probe'),
      });
      const manager = await nc.jetstreamManager();
      await manager.getAccountInfo();
      await nc.close();
      return;
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
