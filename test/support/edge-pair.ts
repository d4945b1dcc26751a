import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { freePhonePort } from './free-port.ts';
import { type Platform, root, scrape } from './platform.ts';
import { tied } from './tied.ts';
import { until } from './until.ts';

/** The line an edge logs when it is up. */
const EDGE_READY = /"name":"edge-signaling","instance":"([a-z2-7]{16})"[^\n]*service\.ready/g;
const Secrets = z.object({ natsPasswords: z.record(z.string(), z.string()) });

/** A SIP engine and the edge that drives it, at an address of their own, behind an address they share with others. */
export interface EdgePair {
  /** `ip:port` it listens at, UDP. */
  readonly address: string;
  /** What the edge that was started last calls itself among its like. */
  instance(): string;
  /** Whether the edge says that it serves. */
  isReady(): Promise<boolean>;
  /** One metric of the edge. */
  metric(name: string): Promise<number>;
  isRunning(who: 'engine' | 'edge'): boolean;
  /** Sends a signal to both, or to one of them. */
  signal(signal: NodeJS.Signals, who?: 'engine' | 'edge'): void;
  /** Kills both, or one of them, or asks it to end, and waits until it is gone. */
  kill(who?: 'engine' | 'edge', signal?: NodeJS.Signals): Promise<void>;
  /** Starts again what has been killed, at the same address and with the same state. */
  revive(): Promise<void>;
  /** Kills both and removes their state. */
  stop(): Promise<void>;
  /** What both have logged. */
  logs(): string;
}

export interface EdgePairOptions {
  readonly host: string;
  readonly port: number;
  /** What phones are told instead of it. */
  readonly externalIp?: string;
  /** The network namespace that the engine runs in, and its own address there, at which its edge finds it. */
  readonly within?: { readonly namespace: string; readonly host: string } | undefined;
  /** Further flags of the engine, as for what else it listens at. */
  readonly flags?: readonly string[];
  /** Further settings of the edge. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts an edge in addition to those of the platform; nobody restarts it when it dies. */
export async function startEdgePair(platform: Platform, options: EdgePairOptions): Promise<EdgePair> {
  const { host, port, externalIp, within, flags = [], settings } = options;
  const directory = mkdtempSync(join(tmpdir(), 'callweave-edge-'));
  const secrets = Secrets.parse(JSON.parse(readFileSync(join(platform.stateDir, 'secrets.json'), 'utf8')));
  const [controlPort, httpPort] = [await freePhonePort(), await freePhonePort()];
  const controlHost = within?.host ?? '127.0.0.1';
  const secret = 'edge-pair';
  const logFile = join(directory, 'log');
  const children: Partial<Record<'engine' | 'edge', ChildProcess>> = {};

  const run = (name: 'engine' | 'edge', bin: string, args: string[], env: Record<string, string>): void => {
    const running = children[name];
    if (running !== undefined && isRunning(running)) return;
    const log = openSync(logFile, 'a');
    const program = join(root, 'services', bin);
    const command =
      within === undefined || name === 'edge'
        ? tied(process.execPath, [program, ...args])
        : tied('ip', ['netns', 'exec', within.namespace, process.execPath, program, ...args]);
    children[name] = spawn(...command, {
      cwd: directory,
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', ...env },
      stdio: ['ignore', log, log],
    });
  };
  const start = async (): Promise<void> => {
    const shown = externalIp === undefined ? [] : ['--external-ip', externalIp];
    const contact = ['--contact', `sip:${host}:${String(port)};transport=udp`, ...shown, ...flags];
    const control = [
      '--address',
      controlHost,
      '--port',
      String(controlPort),
      '--offer-unknown-dialogs',
      '--app-grace',
      '8000',
    ];
    run('engine', 'sip-engine/bin/callweave-sip-engine.mjs', [...contact, ...control], {
      ...settings,
      DRACHTIO_SECRET: secret,
    });
    run('edge', 'edge-signaling/bin/callweave-edge-signaling.mjs', [], {
      CALLWEAVE_NATS_URL: platform.nats.url,
      CALLWEAVE_NATS_USER: 'edge-signaling',
      CALLWEAVE_NATS_PASSWORD: secrets.natsPasswords['edge-signaling'] ?? '',
      CALLWEAVE_STATE_DIR: directory,
      CALLWEAVE_ENGINE: `${controlHost}:${String(controlPort)}`,
      CALLWEAVE_ENGINE_SECRET: secret,
      CALLWEAVE_HTTP_PORT: String(httpPort),
      ...settings,
    });
    await until('the edge is ready', () => isReady(httpPort), 90_000);
  };
  const killAndWait = async (who?: 'engine' | 'edge', signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const gone = Object.entries(children)
      .filter(([name, child]) => (who === undefined || who === name) && isRunning(child))
      .map(async ([, child]) => {
        const exit = once(child, 'exit');
        child.kill(signal);
        await exit;
      });
    await Promise.all(gone);
  };
  const stop = async (): Promise<void> => {
    await killAndWait();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    const logs = readFileSync(logFile, 'utf8');
    await stop();
    throw new Error(logs, { cause: error });
  }
  return {
    address: `${host}:${String(port)}`,
    instance: () => {
      const started = [...readFileSync(logFile, 'utf8').matchAll(EDGE_READY)].at(-1)?.[1];
      if (started === undefined) throw new Error('the edge has not said who it is');
      return started;
    },
    isReady: () => isReady(httpPort),
    metric: (name) => scrape(httpPort, name, []),
    isRunning: (who) => {
      const child = children[who];
      return child !== undefined && isRunning(child);
    },
    signal: (signal, who) => {
      for (const [name, child] of Object.entries(children)) if (who === undefined || who === name) child.kill(signal);
    },
    kill: killAndWait,
    revive: start,
    stop,
    logs: () => readFileSync(logFile, 'utf8'),
  };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function isReady(httpPort: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${String(httpPort)}/readyz`)).ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
}
