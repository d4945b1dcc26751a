// What connections cost the SIP engine: 20,000 phones by TLS, then 5,000 browsers by WSS, from several addresses and
// processes, are held as far as the limit of open files goes. Each has had an OPTIONS answered. Memory after a full
// collection before, during and after; CPU of the handshakes, of silence (the engine pings websockets), and of a
// keep-alive by each. Then what an engine keeps when a few thousand have come and gone several times, with the memory
// allocator of the system and with jemalloc, if it is there. Fails when one is not answered. Arguments: tls=N wss=N
// silent=SECONDS rounds=N.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { argv } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { testCertificate } from '@callweave/sip-engine/testing';
import { cpuMs, freePort, takeLoadTurn, until } from '@callweave/test';
import { startConnectedPhones } from '../support/connected-phones.ts';
import { countsOf } from '../support/counts.ts';
import { type EngineUnderLoad, type Memory, startEngine } from '../support/engine-side.ts';
import { TURN_MS } from '../support/rounds.ts';
import { round } from '../support/statistics.ts';

const USER_AGENT = 'connected-phone';
const PROCESSES = 4;
/** Files of the engine that are no connections of phones, and some to spare. */
const OWN_FILES = 100;
const WARM_UP = 2_000;
/** How often a phone or a browser gives a sign of life. */
const EVERY_MS = 25_000;
/** Longer than an engine waits for a browser to come back. */
const SETTLED_MS = 15_000;
const CLOSED_MS = 60_000;
/** Connections that come and go again and again. */
const ROUND = 2_000;
const JEMALLOC = 'libjemalloc.so.2';

const plan = countsOf(argv.slice(2), { tls: 20_000, wss: 5_000, silent: 50, rounds: 4 });
const directory = mkdtempSync(join(tmpdir(), 'callweave-connections-'));
const endTurn = await takeLoadTurn(TURN_MS);
const phones = await startConnectedPhones(PROCESSES, USER_AGENT);
try {
  const { fileLimit, tls, wss } = await held();
  const givenBack: Record<string, unknown> = { ofTheSystem: await roundsWith(undefined) };
  if (hasLibrary(JEMALLOC)) givenBack['jemalloc'] = await roundsWith(JEMALLOC);
  const isClean = [tls, wss].every(({ isAnswered }) => isAnswered);
  console.log(JSON.stringify({ asked: plan, fileLimit, phoneProcesses: PROCESSES, isClean, tls, wss, givenBack }));
  if (!isClean) process.exitCode = 1;
} finally {
  phones.stop();
  endTurn();
  rmSync(directory, { recursive: true, force: true });
}

interface Held {
  readonly fileLimit: number;
  readonly tls: Cost;
  readonly wss: Cost;
}

/** What connections by TLS and by WSS cost the same engine. */
async function held(): Promise<Held> {
  const side = await openEngine(undefined);
  try {
    const fileLimit = openFilesOf(side.engine.pid);
    const most = fileLimit - OWN_FILES;
    console.error('warming up');
    for (const transport of ['tls', 'wss'] as const) {
      await phones.connect(transport, side.contactOf(transport), WARM_UP);
      await phones.keepAlives(1_000);
      await side.allGone();
    }
    const tls = await hold(side, 'tls', Math.min(plan.tls, most));
    const wss = await hold(side, 'wss', Math.min(plan.wss, most));
    return { fileLimit, tls, wss };
  } finally {
    await side.engine.stop();
  }
}

/** Resident memory, MB, before any connections, with them, and without them again, round after round. */
async function roundsWith(preload: string | undefined): Promise<Readonly<Record<string, unknown>>> {
  const side = await openEngine(preload);
  const connections = Math.min(plan.tls, ROUND);
  try {
    const before = await rssMb(side.engine);
    const [during, after]: [number[], number[]] = [[], []];
    for (let n = 0; n < plan.rounds; n++) {
      console.error(`${preload ?? 'system'}: round ${String(n + 1)}`);
      await phones.connect('tls', side.contactOf('tls'), connections);
      during.push(await rssMb(side.engine));
      await side.allGone();
      after.push(await rssMb(side.engine));
    }
    return { connections, rssMb: { before, during, after } };
  } finally {
    await side.engine.stop();
  }
}

async function rssMb(engine: EngineUnderLoad): Promise<number> {
  const { rss } = await settledMemory(engine);
  return Math.round(rss / 1e6);
}

/** An engine that listens by TLS and WSS, and what is asked of it. */
interface SecureEngine {
  readonly engine: EngineUnderLoad;
  contactOf(transport: 'tls' | 'wss'): string;
  /** Ends all connections and waits until the engine has noticed. */
  allGone(): Promise<void>;
}

async function openEngine(preload: string | undefined): Promise<SecureEngine> {
  const httpPort = await freePort();
  const engine = await startEngine({ flags: [...flags(), '--http-port', String(httpPort)], preload });
  return {
    engine,
    contactOf: (transport) => {
      const found = engine.contacts.find((contact) => contact.startsWith(`${transport}/`));
      if (found === undefined) throw new Error(`the engine does not listen by ${transport}`);
      return found.slice(transport.length + 1);
    },
    allGone: async () => {
      await phones.close();
      const isAlone = async (): Promise<boolean> => {
        const status = await (await fetch(`http://127.0.0.1:${String(httpPort)}/status`)).json();
        return (status as { readonly connections: number }).connections === 0;
      };
      await until('the engine has no connections', isAlone, CLOSED_MS);
    },
  };
}

function flags(): string[] {
  const { cert, key } = testCertificate('engine.example.com');
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return [
    ...['--contact', 'sips:127.0.0.1:0;transport=tls', '--contact', 'sips:127.0.0.1:0;transport=wss'],
    ...['--cert-file', certFile, '--key-file', keyFile, '--user-agent-options-auto-respond', USER_AGENT],
  ];
}

/** What so many connections by one transport cost. */
interface Cost {
  readonly isAnswered: boolean;
  readonly [figure: string]: unknown;
}

async function hold(side: SecureEngine, transport: 'tls' | 'wss', count: number): Promise<Cost> {
  const { engine } = side;
  /** CPU of the engine, ms, and time that something takes. */
  const spent = async <T>(act: () => Promise<T>): Promise<{ cpu: number; seconds: number; result: T }> => {
    const [cpuBefore, started] = [cpuMs(engine.pid), performance.now()];
    const result = await act();
    return { cpu: cpuMs(engine.pid) - cpuBefore, seconds: (performance.now() - started) / 1_000, result };
  };
  const before = await settledMemory(engine);
  console.error(`${transport}: connecting ${String(count)}`);
  const accepting = await spent(() => phones.connect(transport, side.contactOf(transport), count));
  const during = await settledMemory(engine);
  const silence = await spent(() => pause(1_000 * plan.silent));
  console.error(`${transport}: a keep-alive each`);
  const keeping = await spent(() => phones.keepAlives(EVERY_MS));
  const stillAnswered = await phones.options();
  await side.allGone();
  const after = await settledMemory(engine);
  const perConnection = (bytes: number): number => Math.round(bytes / count);
  const silentMsPerSec = silence.cpu / silence.seconds;
  const keepAliveMs = (keeping.cpu - silentMsPerSec * keeping.seconds) / count;
  const result = {
    held: count,
    isAnswered: [accepting.result, keeping.result, stillAnswered].every((answered) => answered === count),
    bytesPerConnection: {
      rss: perConnection(during.rss - before.rss),
      heap: perConnection(during.heapUsed - before.heapUsed),
      buffers: perConnection(during.arrayBuffers - before.arrayBuffers),
    },
    heapAfterwards: round(after.heapUsed / before.heapUsed),
    accepting: {
      seconds: round(accepting.seconds),
      perSecond: Math.round(count / accepting.seconds),
      cpuMsEach: round(accepting.cpu / count),
    },
    keepAlives: {
      everySec: EVERY_MS / 1_000,
      cpuMsPerThousand: round(1_000 * keepAliveMs),
      percentOfACore: round((keepAliveMs * count) / (EVERY_MS / 100)),
    },
    silencePercentOfACore: round(silentMsPerSec / 10),
  };
  console.error(JSON.stringify({ transport, ...result }));
  return result;
}

async function settledMemory(engine: EngineUnderLoad): Promise<Memory> {
  await pause(SETTLED_MS);
  return engine.memory();
}

function hasLibrary(name: string): boolean {
  return execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' }).includes(name);
}

/** How many files a process may have open; Node.js asks for as many as it may. */
function openFilesOf(pid: number): number {
  const limits = readFileSync(`/proc/${String(pid)}/limits`, 'utf8');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? NaN);
}
