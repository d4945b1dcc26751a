import { setTimeout as pause } from 'node:timers/promises';
import { cpuByService, type Platform, type SippResult, storedRecords, until } from '@callweave/test';
import { type PlatformSide } from './call-sides.ts';
import { type Memory, type MemoryLooks } from './memory-looks.ts';
import { round, type Trend, trend } from './statistics.ts';

/** After the last call is up: what setting it up took is given back by then, RFC 6026 §7.1. */
const SETTLED_MS = 38_000;
/** Calls may be set up more slowly than they are begun by so much. */
const LATE = 1.2;
const SPARE_MS = 20_000;
const LOOK_MS = 20_000;
const PROBE_SEC = 15;

/** The processes that hold a call: who speaks SIP for it, and who knows what it is. */
export const holders = { engine: 'sip-engine-1', edge: 'edge-signaling-1' } as const;
type Holder = keyof typeof holders;
/** What both of them have. */
export type HoldersMemory = Readonly<Record<Holder, Memory>>;

/** Calls that were to be held at once. */
export interface Held {
  readonly calls: number;
  /** Begun a second, as they were. */
  readonly rate: number;
  /** At once, as the edge counts them. */
  readonly up: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** What they took, bytes a call. */
  readonly perCall: Readonly<Record<Holder, Memory>>;
  /** The change of memory while they were only held, bytes a minute; of the engine and of the edge. */
  readonly flat?: { readonly minutes: number } & Readonly<Record<Holder, Readonly<Record<keyof Memory, Trend>>>>;
  readonly memory: HoldersMemory;
  /** CPU while they were set up, cores, by service. */
  readonly cores: Readonly<Record<string, number>>;
  /** What stood in the way of more; undefined when nothing did. */
  readonly limit?: string;
  readonly errors?: string;
}

/** How calls are to be held. */
export interface Holding {
  readonly calls: number;
  readonly rate: number;
  /** How long at least once they are all up; memory is looked at every 20 s. */
  readonly minutes: number;
  /** What the processes had before. */
  readonly before: HoldersMemory;
  /** All calls are up, and nothing more is done for them. */
  readonly up: () => Promise<void>;
}

/** The memory of the processes that hold calls. */
export async function lookAtHolders(platform: Platform, looks: MemoryLooks): Promise<HoldersMemory> {
  const look = async (holder: Holder): Promise<Memory> => looks.look(pidOf(platform, holders[holder]));
  // One after the other: collecting garbage stops a process, and others wait for it.
  return { engine: await look('engine'), edge: await look('edge') };
}

/** Writes down all that is in their heaps, to files that begin with `path`. */
export async function takeSnapshots(platform: Platform, looks: MemoryLooks, path: string): Promise<void> {
  for (const [holder, name] of Object.entries(holders))
    await looks.snapshot(pidOf(platform, name), `${path}-${holder}.heapsnapshot`);
}

/** The first of the rates (calls/s, falling) at which no call fails for ten seconds on this machine, as busy as it is. */
export async function sustainableRate(side: PlatformSide, rates: readonly number[]): Promise<number> {
  for (const rate of rates) {
    const { failed } = await side.call({ rate, calls: PROBE_SEC * rate });
    if (failed === 0) return rate;
    console.error(`${String(rate)} calls/s: ${String(failed)} failed`);
  }
  throw new Error('the machine carries none of these rates');
}

/** Sets calls up, holds them, and hangs all of them up. */
export async function hold(side: PlatformSide, looks: MemoryLooks, holding: Holding): Promise<Held> {
  const { calls, rate, minutes, before } = holding;
  const { platform } = side;
  const rampMs = (1_000 * calls) / rate;
  const stayMs = SETTLED_MS + 60_000 * minutes;
  const talkMs = Math.round(LATE * rampMs + stayMs + SPARE_MS);
  const reachedBefore = await limitsReached(platform);
  const cpuBefore = cpuByService(platform.processes());
  const begunAt = performance.now();
  const calling = side.call({ rate, calls, talkMs, timeoutSec: Math.ceil((LATE * rampMs + talkMs) / 1_000) + 120 });
  await pause(rampMs);
  const up = await highest(() => platform.metric(holders.edge, 'callweave_edge_calls'), calls, (LATE - 1) * rampMs);
  const setUpSec = (performance.now() - begunAt) / 1_000;
  const cpu = cpuByService(platform.processes());
  const coresOf = (name: string, ms: number): number => round((ms - (cpuBefore.get(name) ?? 0)) / 1_000 / setUpSec);
  const cores = Object.fromEntries([...cpu].map(([name, ms]) => [name, coresOf(name, ms)]));
  await pause(SETTLED_MS);
  const first = await lookAtHolders(platform, looks);
  await holding.up();
  const flat = minutes === 0 ? undefined : await watch(platform, looks, minutes);
  const result = await calling;
  await until('nothing is stored of any call', async () => (await storedRecords(await platform.bus())) === 0, 120_000);
  const now = await limitsReached(platform);
  const since = (limit: Limit): number => now[limit] - reachedBefore[limit];
  const reached = Object.fromEntries(LIMITS.map((limit) => [limit, since(limit)])) as Record<Limit, number>;
  const limit = limitOf({ result, up, calls, cores, reached });
  return {
    ...{ calls, rate: round(calls / setUpSec), up, failed: result.failed, retransmissions: result.retransmissions },
    perCall: { engine: perCall(first, before, 'engine', up), edge: perCall(first, before, 'edge', up) },
    ...(flat === undefined ? {} : { flat: { minutes, ...flat } }),
    memory: first,
    cores,
    ...(limit === undefined ? {} : { limit, errors: result.errors.slice(0, 400) }),
  };
}

/** Waits until `read` says `wanted`, no longer than `limitMs`; what it said last. */
async function highest(read: () => Promise<number>, wanted: number, limitMs: number): Promise<number> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await read();
    if (value >= wanted || performance.now() > end) return value;
    await pause(250);
  }
}

async function watch(
  platform: Platform,
  looks: MemoryLooks,
  minutes: number,
): Promise<Record<Holder, Record<keyof Memory, Trend>>> {
  const seen: { readonly atMin: number; readonly memory: HoldersMemory }[] = [];
  const begunAt = performance.now();
  for (let n = 0; n * LOOK_MS <= 60_000 * minutes; n++) {
    await pause(begunAt + n * LOOK_MS - performance.now());
    const memory = await lookAtHolders(platform, looks);
    seen.push({ atMin: (performance.now() - begunAt) / 60_000, memory });
    console.error(JSON.stringify(memory));
  }
  const of = (holder: Holder, key: keyof Memory): Trend =>
    trend(seen.map(({ atMin, memory }) => [atMin, memory[holder][key]]));
  const all = (holder: Holder): Record<keyof Memory, Trend> => ({
    rss: of(holder, 'rss'),
    heapUsed: of(holder, 'heapUsed'),
    arrayBuffers: of(holder, 'arrayBuffers'),
  });
  return { engine: all('engine'), edge: all('edge') };
}

function perCall(now: HoldersMemory, before: HoldersMemory, holder: Holder, calls: number): Memory {
  const of = (key: keyof Memory): number => Math.round((now[holder][key] - before[holder][key]) / calls);
  return { rss: of('rss'), heapUsed: of('heapUsed'), arrayBuffers: of('arrayBuffers') };
}

interface Outcome {
  readonly result: SippResult;
  readonly up: number;
  readonly calls: number;
  readonly cores: Readonly<Record<string, number>>;
  readonly reached: Readonly<Record<Limit, number>>;
}

/** The first thing that more calls would have needed more of. */
function limitOf({ result, up, calls, cores, reached }: Outcome): string | undefined {
  if (result.failed === 0 && up >= calls) return undefined;
  const used = `processes used ${JSON.stringify(cores)} cores`;
  if (reached.delay > 0)
    return `CPU: messages waited too long at the engine, ${String(reached.delay)} refused; ${used}`;
  if (reached.unanswered > 0) return `CPU: the edge was behind, ${String(reached.unanswered)} refused; ${used}`;
  if (reached.dialogs + reached.transactions > 0) return 'dialogs or transactions of an engine';
  if (/too many open files|EMFILE/i.test(result.errors)) return 'file limit';
  return `${String(result.failed)} calls failed, ${String(up)} were up in time; ${used}`;
}

const LIMITS = ['delay', 'unanswered', 'dialogs', 'transactions'] as const;
type Limit = (typeof LIMITS)[number];

async function limitsReached(platform: Platform): Promise<Record<Limit, number>> {
  const read = (limit: Limit): Promise<number> =>
    platform.metric(holders.engine, 'callweave_engine_limits_reached', [`limit="${limit}"`]);
  const [delay = 0, unanswered = 0, dialogs = 0, transactions = 0] = await Promise.all(LIMITS.map(read));
  return { delay, unanswered, dialogs, transactions };
}

function pidOf(platform: Platform, name: string): number {
  const pid = platform.processes().find((process) => process.name === name)?.pid;
  if (pid === undefined) throw new Error(`${name} does not run`);
  return pid;
}
