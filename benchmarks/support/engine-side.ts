import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type NamedProcess, tied } from '@callweave/test';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const APP = fileURLToPath(new URL('../apps/bare-app.ts', import.meta.url));
const PROBE = pathToFileURL(fileURLToPath(new URL('memory-probe.mjs', import.meta.url))).href;

/** What the application does with every call; `benchmarks/apps/bare-app.ts`. */
export type Deed = 'answer' | 'bridge' | 'proxy';

/** How an engine is started for a measurement. */
export interface EngineOptions {
  /** The checkout whose built engine it is; this one unless given. */
  readonly checkout?: string | undefined;
  /** Options of Node.js for the engine. */
  readonly nodeOptions?: readonly string[];
  /** Further flags of the engine. */
  readonly flags?: readonly string[];
  /** A library that is loaded into it before all others. */
  readonly preload?: string | undefined;
}

/** Bytes after a full garbage collection. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  /** Outside the heap: the bytes of messages. */
  readonly arrayBuffers: number;
}

/** A running engine and the applications that drive it. */
export interface EngineUnderLoad {
  /** `host:port` of its SIP socket. */
  readonly address: string;
  /** All it listens at, as `proto/host:port`. */
  readonly contacts: readonly string[];
  readonly controlPort: number;
  readonly pid: number;
  /** The engine, and its applications as `app`. */
  processes(): readonly NamedProcess[];
  /** Starts an application and waits until it has authenticated. */
  startApp(deed: Deed, callee?: string): Promise<void>;
  /** Collects garbage and tells what is left. */
  memory(): Promise<Memory>;
  /** Ends applications and engine, each as a signal asks it to. */
  stop(): Promise<void>;
}

/** Starts the built engine as its own command does, on free ports of loopback. */
export async function startEngine(options: EngineOptions = {}): Promise<EngineUnderLoad> {
  const { checkout = ROOT, nodeOptions = [], flags = [], preload } = options;
  const bin = join(checkout, 'services/sip-engine/bin/callweave-sip-engine.mjs');
  const args = ['--contact', 'sip:127.0.0.1:0;transport=udp', '--address', '127.0.0.1', '--port', '0', ...flags];
  const preloaded = preload === undefined ? {} : { LD_PRELOAD: preload };
  const engine = start([...nodeOptions, '--expose-gc', '--import', PROBE, bin, ...args], preloaded);
  const apps: ChildProcess[] = [];
  const { contacts, controlPort } = await readiness(engine);
  const pidOf = ({ pid }: ChildProcess): number => pid ?? NaN;
  return {
    address: (contacts[0] ?? '').replace('udp/', ''),
    contacts,
    controlPort,
    pid: pidOf(engine),
    processes: () => [
      { name: 'sip-engine', pid: pidOf(engine) },
      ...apps.map((app) => ({ name: 'app', pid: pidOf(app) })),
    ],
    startApp: async (deed, callee = '') => {
      const options = ['--conditions=@callweave/source', '--import', 'tsx'];
      const app = start([...options, APP, deed, String(controlPort), callee]);
      apps.push(app);
      await Promise.race([once(app, 'message'), endsEarly(app, 'an application')]);
    },
    memory: async () => {
      engine.send('memory');
      const [memory] = (await once(engine, 'message')) as [Memory];
      return memory;
    },
    stop: async () => {
      for (const child of [...apps, engine]) await end(child);
    },
  };
}

function start(args: readonly string[], further: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(...tied(execPath, args), {
    cwd: ROOT,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', TZ: 'UTC', ...further },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
}

/** What an engine logs when it is ready. */
interface Ready {
  readonly contacts: readonly string[];
  readonly controlPort: number;
}

function readiness(engine: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    endsEarly(engine, 'the engine').catch(reject);
    if (engine.stdout === null) return;
    createInterface({ input: engine.stdout }).on('line', (line) => {
      if (line.includes('engine.ready')) resolve(JSON.parse(line) as Ready);
    });
  });
}

/** Rejects when a process ends that should not. */
async function endsEarly(child: ChildProcess, who: string): Promise<never> {
  await once(child, 'exit');
  throw new Error(`${who} did not start`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
