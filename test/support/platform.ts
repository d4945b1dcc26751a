import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Connection, openConnection } from '@callweave/bus';
import { type PlatformFile, readPlatformFile } from '@callweave/service';
import { recordLogs } from '@callweave/telemetry/testing';
import { tied } from './tied.ts';
import { until } from './until.ts';

/** The whole product, started by the very command `npm start` runs, on free ports and in a directory of its own. */
export interface Platform {
  readonly stateDir: string;
  readonly sip: readonly string[];
  /** Where browsers connect, `ws://host:port`. */
  readonly ws: readonly string[];
  /** What is listened at besides. */
  readonly listeners: PlatformFile['listeners'];
  readonly accounts: PlatformFile['accounts'];
  readonly nats: PlatformFile['nats'];
  /** ng address of rtpengine; of several, separated by commas. */
  readonly rtpengine: string;
  readonly console: PlatformFile['console'];
  /** The running processes now; restarts change them. */
  processes(): PlatformFile['processes'];
  /** Sends a signal to a process of the platform by its name. */
  signal(name: string, signal: NodeJS.Signals): void;
  /** Kills processes (-9) and waits until the ones started in their place take work. */
  kill(...names: string[]): Promise<void>;
  /** Asks a process to end (SIGTERM) and waits until the one in its place takes work; how long it took to end, ms. */
  restart(name: string): Promise<number>;
  /** One metric of one process, summed over the label sets that contain all of `labels`. */
  metric(process: string, name: string, labels?: readonly string[]): Promise<number>;
  /** A connection that may do everything. */
  bus(): Promise<Connection>;
  /** Runs the CLI against this platform. */
  cli(...args: string[]): Promise<{ code: number; output: string }>;
  /** What it printed so far. */
  output(): string;
  /** What all processes have logged. */
  logs(): string;
  /** Ctrl-C, and waits until everything is gone. */
  stop(): Promise<number>;
}

export const root = fileURLToPath(new URL('../..', import.meta.url));

const READY_MS = 60_000;

/** Starts the platform with one edge per SIP port and waits until it says it is ready. */
export async function startPlatform(environment: Readonly<Record<string, string>> = {}): Promise<Platform> {
  const stateDir = mkdtempSync(join(tmpdir(), 'callweave-platform-'));
  const child = spawn(...tied(process.execPath, [join(root, 'services/supervisor/bin/callweave-supervisor.mjs')]), {
    cwd: stateDir,
    env: { ...baseEnvironment(), CALLWEAVE_STATE_DIR: stateDir, ...anyPorts, ...environment, ...enginesElsewhere() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const closers: (() => Promise<void>)[] = [];
  const read = (): PlatformFile => {
    const file = readPlatformFile(stateDir);
    if (file === undefined) throw new Error('the platform is gone');
    return file;
  };

  const isBack = ({ name, pid }: Pick<PlatformFile['processes'][number], 'name' | 'pid'>): Promise<void> =>
    until(
      `${name} is back`,
      async () => {
        const now = read().processes.find((running) => running.name === name);
        return now !== undefined && now.pid !== pid && (await isReady(now.httpPort ?? 0));
      },
      READY_MS,
    );

  const stop = async (): Promise<number> => {
    await Promise.all(closers.splice(0).map((close) => close()));
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGINT');
      await gone;
    }
    rmSync(stateDir, { recursive: true, force: true });
    return child.exitCode ?? -1;
  };
  try {
    await until(
      'the platform is ready',
      () => readPlatformFile(stateDir) !== undefined || child.exitCode !== null,
      READY_MS,
    );
    if (child.exitCode !== null) throw new Error(`the platform ended with ${String(child.exitCode)}`);
  } catch (error) {
    const logs = output();
    await stop();
    throw new Error(logs, { cause: error });
  }
  const { sip, ws, listeners, accounts, nats, rtpengine, console } = read();
  return {
    stateDir,
    sip,
    ws,
    listeners,
    accounts,
    nats,
    rtpengine,
    console,
    processes: () => read().processes,
    signal: (name, signal) => process.kill(find(read(), name).pid, signal),
    kill: async (...names) => {
      const killed = names.map((name) => find(read(), name));
      for (const { pid } of killed) process.kill(pid, 'SIGKILL');
      for (const before of killed) await isBack(before);
    },
    restart: async (name) => {
      const { pid } = find(read(), name);
      const askedAt = performance.now();
      process.kill(pid, 'SIGTERM');
      await until(`${name} has ended`, () => !isThere(pid), READY_MS);
      const tookMs = performance.now() - askedAt;
      await isBack({ name, pid });
      return Math.round(tookMs);
    },
    metric: (name, metric, labels = []) => scrape(find(read(), name).httpPort ?? 0, metric, labels),
    bus: async () => {
      const connection = await openConnection({ ...nats, name: 'operator' }, recordLogs());
      closers.push(() => connection.nc.close());
      return connection;
    },
    cli: (...args) => runCli(stateDir, args),
    output,
    logs: () => {
      const folder = join(stateDir, 'logs');
      return readdirSync(folder)
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .join('\n');
    },
    stop,
  };
}

const anyPorts = {
  CALLWEAVE_HOST: '127.0.0.1',
  CALLWEAVE_SIP_PORTS: '0',
  CALLWEAVE_WS_PORTS: '0',
  CALLWEAVE_NATS_PORT: '0',
  CALLWEAVE_RTPENGINE_PORT: '0',
  CALLWEAVE_CONTROL_PORTS: '0',
  CALLWEAVE_CONSOLE_PORT: '0',
  CALLWEAVE_RTP_PORTS: '0',
};

/** The SIP engines, or drachtio-servers, that whoever runs the tests wants them to use. */
function enginesElsewhere(): Record<string, string> {
  const names = ['CALLWEAVE_ENGINES', 'CALLWEAVE_ENGINE_SECRET', 'CALLWEAVE_SIP_PORTS'];

  const { env } = process;
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** How many engines whoever runs the tests wants them to use; undefined when the tests start their own. */
export function countOfEnginesElsewhere(): number | undefined {
  return enginesElsewhere()['CALLWEAVE_ENGINES']?.split(',').length;
}

function baseEnvironment(): Record<string, string> {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
}

function find(file: PlatformFile, name: string): PlatformFile['processes'][number] {
  const found = file.processes.find((process) => process.name === name);
  if (found === undefined) throw new Error(`no process ${name} among ${file.processes.map((p) => p.name).join(', ')}`);
  return found;
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // gone
  }
}

async function runCli(stateDir: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const bin = join(root, 'services/cli/bin/callweave.mjs');
  const child = spawn(...tied(process.execPath, [bin, '--state-dir', stateDir, ...args]), {
    env: baseEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  await once(child, 'close');
  return { code: child.exitCode ?? -1, output: output() };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  const add = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  return () => text;
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${String(port)}/readyz`)).ok;
  } catch {
    return false; // not listening yet
  }
}

/** One metric of a process, summed over the label sets that contain all of `labels`. */
export async function scrape(port: number, metric: string, labels: readonly string[]): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(metric) && labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
}
