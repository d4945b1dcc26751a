import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type NamedProcess } from '@callweave/test';
import { BareApp, type Deed } from './bare-app.ts';
import { end, endsEarly, startNode } from './child-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROBE = pathToFileURL(fileURLToPath(new URL('memory-probe.mjs', import.meta.url))).href;

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
  const engine = startNode([...nodeOptions, '--expose-gc', '--import', PROBE, bin, ...args], preloaded);
  const apps: BareApp[] = [];
  const { contacts, controlPort } = await readiness(engine);
  const pid = engine.pid ?? NaN;
  return {
    address: (contacts[0] ?? '').replace('udp/', ''),
    contacts,
    controlPort,
    pid,
    processes: () => [{ name: 'sip-engine', pid }, ...apps.map((app) => ({ name: 'app', pid: app.pid }))],
    startApp: async (deed, callee) => {
      apps.push(await BareApp.start(deed, controlPort, callee));
    },
    memory: async () => {
      engine.send('memory');
      const [memory] = (await once(engine, 'message')) as [Memory];
      return memory;
    },
    stop: async () => {
      for (const app of apps) await app.stop();
      await end(engine);
    },
  };
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
