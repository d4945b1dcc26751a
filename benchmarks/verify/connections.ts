// What connections cost the SIP engine: 20,000 phones by TLS, then 5,000 browsers by WSS, from several addresses and
// processes, are held as far as the limit of open files goes. Each has had an OPTIONS answered. Memory after a full
// collection before, during, after, and with all of them back once more; CPU of the handshakes, of silence (the engine
// pings websockets), and of a keep-alive by each. Fails when one is not answered. Arguments: tls=N wss=N silent=SECONDS.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { argv } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { testCertificate } from '@callweave/sip-engine/testing';
import { cpuMs, freePort, takeLoadTurn, until } from '@callweave/test';
import { startConnectedPhones } from '../support/connected-phones.ts';
import { countsOf } from '../support/counts.ts';
import { type Memory, startEngine } from '../support/engine-side.ts';
import { TURN_MS } from '../support/rounds.ts';
import { round } from '../support/statistics.ts';

const USER_AGENT = 'connected-phone';
const PROCESSES = 4;
/** Files of the engine that are no connections of phones, and some to spare. */
const OWN_FILES = 100;
const WARM_UP = 500;
/** How often a phone or a browser gives a sign of life. */
const EVERY_MS = 25_000;
/** A connection that is open costs nothing more after that, and one that has closed is forgotten. */
const SETTLED_MS = 5_000;
const CLOSED_MS = 60_000;

const plan = countsOf(argv.slice(2), { tls: 20_000, wss: 5_000, silent: 50 });
const directory = mkdtempSync(join(tmpdir(), 'callweave-connections-'));
const endTurn = await takeLoadTurn(TURN_MS);
const httpPort = await freePort();
const engine = await startEngine({ flags: flags() });
const phones = await startConnectedPhones(PROCESSES, USER_AGENT);
try {
  const fileLimit = openFilesOf(engine.pid);
  const most = fileLimit - OWN_FILES;
  console.error('warming up');
  for (const transport of ['tls', 'wss'] as const) {
    await phones.connect(transport, contactOf(transport), WARM_UP);
    await phones.keepAlives(1_000);
    await allGone();
  }
  const quietMsPerSec = await silenceMsPerSec();
  const tls = await hold('tls', Math.min(plan.tls, most), quietMsPerSec);
  const wss = await hold('wss', Math.min(plan.wss, most), quietMsPerSec);
  const isClean = [tls, wss].every(({ isAnswered }) => isAnswered);
  console.log(JSON.stringify({ asked: plan, fileLimit, phoneProcesses: PROCESSES, isClean, tls, wss }));
  if (!isClean) process.exitCode = 1;
} finally {
  phones.stop();
  await engine.stop();
  endTurn();
  rmSync(directory, { recursive: true, force: true });
}

function flags(): string[] {
  const { cert, key } = testCertificate('engine.example.com');
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return [
    ...['--contact', 'sips:127.0.0.1:0;transport=tls', '--contact', 'sips:127.0.0.1:0;transport=wss'],
    ...['--cert-file', certFile, '--key-file', keyFile, '--http-port', String(httpPort)],
    ...['--user-agent-options-auto-respond', USER_AGENT],
  ];
}

async function hold(transport: 'tls' | 'wss', count: number, quietMsPerSec: number): Promise<Held> {
  const before = await engine.memory();
  const accepting = await accept(transport, count);
  const during = await settledMemory();
  const silentMsPerSec = (await silenceMsPerSec()) - quietMsPerSec;
  console.error(`${transport}: a keep-alive each`);
  const { cpu: keepAliveMs, result: kept } = await spent(() => phones.keepAlives(EVERY_MS));
  const stillAnswered = await phones.options();
  await allGone();
  const after = await settledMemory();
  await accept(transport, count);
  const again = await settledMemory();
  await allGone();
  const afterwards = await settledMemory();
  const perConnection = (bytes: number): number => Math.round(bytes / count);
  const keepAlivesPerSec = count / (EVERY_MS / 1_000);
  const keepAliveCost = (keepAliveMs - (quietMsPerSec + silentMsPerSec) * (EVERY_MS / 1_000)) / (count / 1_000);
  const result = {
    held: count,
    isAnswered: [accepting.answered, kept, stillAnswered].every((answered) => answered === count),
    bytesPerConnection: {
      rss: perConnection(during.rss - before.rss),
      heap: perConnection(during.heapUsed - before.heapUsed),
      buffers: perConnection(during.arrayBuffers - before.arrayBuffers),
    },
    accepting: {
      seconds: round(accepting.seconds),
      perSecond: Math.round(count / accepting.seconds),
      cpuMsEach: round(accepting.cpu / count),
    },
    keepAlives: {
      everySec: EVERY_MS / 1_000,
      perSecond: Math.round(keepAlivesPerSec),
      cpuMsPerThousand: round(keepAliveCost),
      percentOfACore: round((keepAliveCost * keepAlivesPerSec) / 10_000),
    },
    /** Of websockets the pings of the engine itself. */
    silencePercentOfACore: round(silentMsPerSec / 10),
    afterwards: {
      heapOverBefore: round(after.heapUsed / before.heapUsed),
      rssOverBefore: perConnection(after.rss - before.rss),
      heapOfSecondRound: perConnection(again.heapUsed - after.heapUsed),
      rssOfSecondRound: perConnection(again.rss - after.rss),
      heapOverBeforeSecondRound: round(afterwards.heapUsed / after.heapUsed),
    },
  };
  console.error(JSON.stringify({ transport, ...result }));
  return result;
}

async function accept(transport: 'tls' | 'wss', count: number): Promise<Accepting> {
  console.error(`${transport}: connecting ${String(count)}`);
  const { cpu, seconds, result: answered } = await spent(() => phones.connect(transport, contactOf(transport), count));
  return { cpu, seconds, answered };
}

/** What so many connections by one transport cost. */
interface Held {
  readonly isAnswered: boolean;
  readonly [figure: string]: unknown;
}

interface Accepting {
  readonly cpu: number;
  readonly seconds: number;
  readonly answered: number;
}

/** CPU of the engine, ms, and time that something takes. */
async function spent<T>(act: () => Promise<T>): Promise<{ cpu: number; seconds: number; result: T }> {
  const [cpuBefore, started] = [cpuMs(engine.pid), performance.now()];
  const result = await act();
  return { cpu: cpuMs(engine.pid) - cpuBefore, seconds: (performance.now() - started) / 1_000, result };
}

/** CPU of the engine while nobody says anything. */
async function silenceMsPerSec(): Promise<number> {
  const { cpu, seconds } = await spent(() => pause(1_000 * plan.silent));
  return cpu / seconds;
}

async function settledMemory(): Promise<Memory> {
  await pause(SETTLED_MS);
  return engine.memory();
}

/** Ends all connections and waits until the engine has noticed. */
async function allGone(): Promise<void> {
  await phones.close();
  const isAlone = async (): Promise<boolean> => {
    const status = await (await fetch(`http://127.0.0.1:${String(httpPort)}/status`)).json();
    return (status as { readonly connections: number }).connections === 0;
  };
  await until('the engine has no connections', isAlone, CLOSED_MS);
}

function contactOf(transport: 'tls' | 'wss'): string {
  const found = engine.contacts.find((contact) => contact.startsWith(`${transport}/`));
  if (found === undefined) throw new Error(`the engine does not listen by ${transport}`);
  return found.slice(transport.length + 1);
}

/** How many files a process may have open; Node.js asks for as many as it may. */
function openFilesOf(pid: number): number {
  const limits = readFileSync(`/proc/${String(pid)}/limits`, 'utf8');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? NaN);
}
