// What a call costs: CPU of every process, in sum, and as a ratio to Kamailio's stateful record-routing proxy, which
// carries the same calls in the same run, in turn. `kamailio` passes calls on unasked and is the reference; `kamailio
// challenging` asks callers who they are, as the platform does. The platform also routes, looks the callee up, anchors
// media, keeps records and tells five facts and a call record. At the first rate it is also measured with media from
// phone to phone, traced, and with callers that are a trunk and asked for no credentials, each alone beside the
// reference: whoever stands by spends CPU and caches on that. There is no platform without its facts: the books, the
// records and those who follow calls live on them. At the end calls are held, for more of which rtpengine would want
// ports than a test has, so with media from phone to phone: what they keep in the heaps. A site that has a drachtio-server
// can have it measured at the same rates, under an application that is createB2BUA and nothing else. Whoever stands by
// also keeps the processors awake for the reference, which may pay less for its own waking then, so the reference is
// measured alone too, before all others and after them, and the ratios to that are told beside.
// Arguments: rounds=N seconds=N rate=N (that rate only) drachtio-server=PROGRAM.
import { argv } from 'node:process';
import { takeLoadTurn } from '@callweave/test';
import { type CallMemory, callMemory } from '../support/call-memory.ts';
import {
  type CallSide,
  type PlatformSide,
  startDrachtioSide,
  startKamailioSide,
  startPlatformSide,
  startTraceSink,
} from '../support/call-sides.ts';
import { openMemoryLooks } from '../support/memory-looks.ts';
import { type Comparison, compare, planOf, TURN_MS } from '../support/rounds.ts';
import { round, type Spread } from '../support/statistics.ts';

/** Calls a second; the first is the one that is looked at closely. */
const RATES = [200, 50, 100, 300];
const WAITS = { 1: 'INVITE to 180', 2: 'INVITE to 200' };
/** Calls until a program is compiled and has the memory it wants. */
const WARM_UP = 6_000;
const WARM_AGAIN = 1_000;
const PROGRAM = 'drachtio-server=';

const args = argv.slice(2);
const plan = planOf(args, { rounds: 3, seconds: 10, rate: RATES[0] ?? 200 });
const rates = args.some((arg) => arg.startsWith('rate=')) ? [plan.rate] : RATES;
const program = args.find((arg) => arg.startsWith(PROGRAM))?.slice(PROGRAM.length);
const takeTurn = (): Promise<() => void> => takeLoadTurn(TURN_MS);

if (program !== undefined) await (await startDrachtioSide(program)).stop();
const looks = openMemoryLooks();
const reference = await startKamailioSide(false);
try {
  const before = await atAllRates(alone);
  const byRate = await beside(() => startPlatformSide('platform'), comparedAtAll);
  const direct = (): Promise<PlatformSide> =>
    startPlatformSide('platform, direct media', { CALLWEAVE_MEDIA: 'direct', ...looks.settings });
  const [directly, memory] = await beside(direct, async (side) => [await compared(side), await held(side)] as const);
  const sink = await startTraceSink();
  const traced = (): Promise<CallSide> => startPlatformSide('platform, traced', { CALLWEAVE_OTLP_URL: sink.url });
  const tracing = await beside(traced, compared).finally(sink.stop);
  const trunk = (): Promise<CallSide> => startPlatformSide('platform, unasked', {}, 'a trunk');
  const unasked = await beside(trunk, compared);
  const challenging = await beside(() => startKamailioSide(true), compared);
  const drachtio = program === undefined ? undefined : await beside(() => startDrachtioSide(program), comparedAtAll);
  const after = await atAllRates(alone);
  const others = { directly, tracing, unasked, challenging };
  const about = { ...plan, rates, reference: 'kamailio', media: 'anchored', goal: 6.2 };
  const ratios = toAlone(before, after, { platform: byRate, drachtio });
  console.log(JSON.stringify({ ...about, byRate, drachtio, alone: ratios, others, memory }));
} finally {
  await reference.stop();
  looks.close();
}

/** Starts a side, and stops it when all is known of it. */
async function beside<S extends CallSide, T>(start: () => Promise<S>, run: (side: S) => Promise<T>): Promise<T> {
  const side = await start();
  try {
    return await run(side);
  } finally {
    await side.stop();
  }
}

/** A rate that the machine cannot carry says so. */
type Measured = (Comparison & { readonly addedPddMs: Record<'p50' | 'p99', number> }) | { readonly notCarried: string };

/** By rate. */
type AtAllRates<T> = Readonly<Record<string, T>>;

async function atAllRates<T>(run: (rate: number, isFirst: boolean) => Promise<T>): Promise<AtAllRates<T>> {
  const found: Record<string, T> = {};
  for (const rate of rates) found[String(rate)] = await run(rate, rate === rates[0]);
  return found;
}

function comparedAtAll(side: CallSide): Promise<AtAllRates<Measured>> {
  return atAllRates((rate, isFirst) => compared(side, rate, isFirst ? WARM_UP : WARM_AGAIN));
}

/** What a call costs the reference, ms, while nobody stands by; undefined where the machine cannot carry it. */
async function alone(rate: number, isFirst: boolean): Promise<Spread | undefined> {
  const options = { waits: {}, takeTurn, warmUp: isFirst ? WARM_UP : WARM_AGAIN };
  try {
    const { sides } = await compare([reference], { ...plan, rate }, options);
    return sides[reference.name]?.cpuMsSum;
  } catch (error) {
    console.error(`the reference alone: ${messageOf(error)}`);
    return undefined;
  }
}

/** The reference alone, before and after, and how many times the mean of both a call costs each side. */
function toAlone(
  before: AtAllRates<Spread | undefined>,
  after: AtAllRates<Spread | undefined>,
  sides: Readonly<Record<string, AtAllRates<Measured> | undefined>>,
): AtAllRates<unknown> {
  return Object.fromEntries(
    rates.map(String).map((rate): [string, unknown] => {
      const [beforeMs, afterMs] = [before[rate], after[rate]];
      if (beforeMs === undefined || afterMs === undefined) return [rate, { notCarried: 'by the reference alone' }];
      const base = (beforeMs.median + afterMs.median) / 2;
      const costs = Object.entries(sides).map(([name, at]) => [name, costOf(at?.[rate])] as const);
      const ratio = costs.flatMap(([name, ms]) => (ms === undefined ? [] : [[name, round(ms / base)] as const]));
      return [rate, { beforeMs, afterMs, ratio: Object.fromEntries(ratio) }];
    }),
  );
}

/** What a call costs the side that is compared. */
function costOf(measured: Measured | undefined): number | undefined {
  if (measured === undefined || 'notCarried' in measured) return undefined;
  const [own] = Object.entries(measured.sides).filter(([name]) => name !== reference.name);
  return own?.[1].cpuMsSum.median;
}

async function compared(side: CallSide, rate = plan.rate, warmUp = WARM_UP): Promise<Measured> {
  try {
    const comparison = await compare([reference, side], { ...plan, rate }, { waits: WAITS, takeTurn, warmUp });
    const pdd = ({ name }: CallSide): { p50: number; p99: number } =>
      comparison.sides[name]?.waitedMs['INVITE to 180'] ?? { p50: NaN, p99: NaN };
    const [own, theirs] = [pdd(side), pdd(reference)];
    return { ...comparison, addedPddMs: { p50: own.p50 - theirs.p50, p99: own.p99 - theirs.p99 } };
  } catch (error) {
    return { notCarried: messageOf(error) };
  }
}

async function held(side: PlatformSide): Promise<CallMemory | { readonly notMeasured: string }> {
  const endTurn = await takeTurn();
  try {
    return await callMemory(side, looks);
  } catch (error) {
    return { notMeasured: messageOf(error) };
  } finally {
    endTurn();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
