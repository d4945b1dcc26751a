import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ServiceProfile } from '@callweave/contracts';
import { connect } from 'nats';
import { inboxPrefix } from './connection.ts';
import { natsPermissions } from './permissions.ts';

/** The user that may do everything. */
export const OPERATOR = { user: 'operator', password: 'operator' };

/** A nats-server process, its port and its data. */
export interface NatsProcess {
  readonly url: string;
  kill(signal?: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
  /** Ends the process and removes its data. */
  remove(): Promise<void>;
}

const ATTEMPTS = 5;
const POLL_MS = 10;

/** Starts nats-server on a free port of loopback, with a user per profile and the operator. */
export async function spawnNats(profiles: readonly ServiceProfile[]): Promise<NatsProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'callweave-nats-'));
  const config = join(directory, 'nats.conf');
  let port = await freePort();
  let child = await retried(async (attempt) => {
    // Another process may have taken the port in between.
    if (attempt > 0) port = await freePort();
    writeFileSync(config, JSON.stringify(serverConfig(port, directory, profiles)));
    return launch(config, `nats://127.0.0.1:${String(port)}`);
  });
  const url = `nats://127.0.0.1:${String(port)}`;
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (isGone(child)) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  return {
    url,
    kill,
    restart: async () => {
      child = await retried(() => launch(config, url));
    },
    remove: async () => {
      await kill();
      process.off('exit', killAtExit);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function retried<T>(action: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await action(attempt);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

function serverConfig(port: number, directory: string, profiles: readonly ServiceProfile[]): object {
  const users = profiles.map((profile) => ({
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

async function launch(config: string, url: string): Promise<ChildProcess> {
  const child = spawn('nats-server', ['-c', config], {
    stdio: 'ignore',
    env: { PATH: '/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/bin' },
  });
  await once(child, 'spawn');
  while (!(await isServing(url))) {
    if (isGone(child)) throw new Error(`nats-server ended: ${readFileSync(config.replace(/conf$/, 'log'), 'utf8')}`);
    await pause(POLL_MS);
  }
  return child;
}

function isGone({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Whether the server lets the operator in with JetStream up. */
async function isServing(url: string): Promise<boolean> {
  try {
    const { user, password: pass } = OPERATOR;
    const nc = await connect({ servers: url, user, pass, inboxPrefix: inboxPrefix('probe'), reconnect: false });
    try {
      const manager = await nc.jetstreamManager();
      await manager.getAccountInfo();
      return true;
    } finally {
      await nc.close();
    }
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
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
