import { type Cost, measure, memoryByService, type Side } from './side.ts';
import { percentiles, type Spread, spread } from './statistics.ts';

/** Of a round's calls; with more failures it says nothing of what a call costs, and is repeated. */
const MAX_FAILED = 0.01;

/** Calls before the first round: a program that is still being compiled spends more on that than on its work. */
const WARM_UP = 3_000;

/** How long a round waits for its turn: CPU per call is told, which a busy machine spoils less than a test's deadlines. */
export const TURN_MS = 10_000;

/** How long and how hard. */
export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  /** Calls or registrations per second. */
  readonly rate: number;
}

/** The plan that the arguments of a measurement name: `rounds=5 seconds=10 rate=200`. */
export function planOf(args: readonly string[], defaults: Plan): Plan {
  const given = new Map(args.map((arg) => [arg.slice(0, arg.indexOf('=')), Number(arg.slice(arg.indexOf('=') + 1))]));
  const value = (name: keyof Plan): number => given.get(name) ?? defaults[name];
  const plan = { rounds: value('rounds'), seconds: value('seconds'), rate: value('rate') };
  if (Object.values(plan).every((number) => Number.isInteger(number) && number > 0)) return plan;
  throw new Error('expected rounds=N seconds=N rate=N');
}

/** What all rounds of one side say. */
export interface Summary {
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** CPU per success and round, by process, ms. */
  readonly cpuMs: Readonly<Record<string, Spread>>;
  readonly cpuMsSum: Spread;
  /** CPU of each round over that of the reference in the same round. */
  readonly ratio: Spread;
  readonly waitedMs: Readonly<Record<string, { readonly p50: number; readonly p95: number; readonly p99: number }>>;
  readonly memoryKb: Readonly<Record<string, number>>;
}

/** What a comparison says. */
export interface Comparison {
  /** Rounds that were repeated because calls failed for want of CPU. */
  readonly discardedRounds: number;
  readonly sides: Readonly<Record<string, Summary>>;
}

export interface CompareOptions {
  readonly waits: Readonly<Record<string, string>>;
  readonly takeTurn: () => Promise<() => void>;
  /** Calls before the first round; `WARM_UP` unless said. */
  readonly warmUp?: number;
}

/**
 * Loads the sides in turn, once unmeasured and then round after round, so that whatever else the machine does falls on
 * all of them. The first side is the reference. `waits` names the times that the scenario measures;
 * `takeTurn` waits until nobody else loads the machine and returns what lets the next one.
 */
export async function compare(
  sides: readonly [Side, ...Side[]],
  { rounds, seconds, rate }: Plan,
  { waits, takeTurn, warmUp = WARM_UP }: CompareOptions,
): Promise<Comparison> {
  const costs = new Map<Side, Cost[]>(sides.map((side) => [side, []]));
  let discarded = 0;
  for (let round = 0; round <= rounds;) {
    const seen: Cost[] = [];
    for (const side of sides) {
      const endTurn = await takeTurn();
      try {
        seen.push(await measure(side, rate, round === 0 ? Math.ceil(warmUp / rate) : seconds));
        console.error(`${round === 0 ? 'warm-up' : `round ${String(round)}`} ${side.name}: ${show(seen.at(-1))}`);
      } finally {
        endTurn();
      }
    }
    if (round > 0 && seen.some(({ failed, successful }) => failed > MAX_FAILED * (failed + successful))) {
      discarded += 1;
      console.error(`round ${String(round)} is repeated: the machine could not carry the load`);
      if (discarded > rounds) throw new Error('too many rounds in which calls failed; try a lower rate');
      continue;
    }
    if (round > 0) sides.forEach((side, index) => costs.get(side)?.push(...seen.slice(index, index + 1)));
    round += 1;
  }
  const [reference] = sides;
  const base = (costs.get(reference) ?? []).map(({ cpuMsSum }) => cpuMsSum);
  const summaries = sides.map((side) => [side.name, summarize(side, costs.get(side) ?? [], base, waits)] as const);
  const result = Object.fromEntries(summaries);
  console.error(table(result));
  return { discardedRounds: discarded, sides: result };
}

function summarize(
  side: Side,
  costs: readonly Cost[],
  base: readonly number[],
  waits: Readonly<Record<string, string>>,
): Summary {
  const total = (key: 'successful' | 'failed' | 'retransmissions'): number =>
    costs.reduce((sum, cost) => sum + cost[key], 0);
  const processes = [...(costs[0]?.cpuMs.keys() ?? [])];
  const waited = Object.entries(waits).flatMap(([number, name]) => {
    const times = costs.flatMap(({ timesMs }) => timesMs.get(number) ?? []);
    return times.length === 0 ? [] : [[name, percentiles(times)] as const];
  });
  return {
    successful: total('successful'),
    failed: total('failed'),
    retransmissions: total('retransmissions'),
    cpuMs: Object.fromEntries(processes.map((name) => [name, spread(costs.map(({ cpuMs }) => cpuMs.get(name) ?? 0))])),
    cpuMsSum: spread(costs.map(({ cpuMsSum }) => cpuMsSum)),
    ratio: spread(costs.map(({ cpuMsSum }, round) => cpuMsSum / (base[round] ?? NaN))),
    waitedMs: Object.fromEntries(waited),
    memoryKb: memoryByService(side),
  };
}

/** For whoever waits at the terminal. */
function table(result: Readonly<Record<string, Summary>>): string {
  const lines = Object.entries(result).flatMap(([name, { cpuMs, cpuMsSum, ratio, successful, failed, waitedMs }]) => [
    '',
    `${name}: ${String(successful)} done, ${String(failed)} failed, ${showSpread(ratio)} times the reference`,
    ...[...Object.entries(cpuMs), ['sum', cpuMsSum] as const].map(
      ([process, ms]) => `  ${process.padEnd(26)}${showSpread(ms)} ms`,
    ),
    ...Object.entries(waitedMs).map(
      ([what, { p50, p95, p99 }]) =>
        `  ${what.padEnd(26)}p50 ${String(p50)}, p95 ${String(p95)}, p99 ${String(p99)} ms`,
    ),
  ]);
  return lines.join('\n');
}

function show(cost: Cost | undefined): string {
  return cost === undefined ? '' : `${cost.cpuMsSum.toFixed(3)} ms, ${String(cost.failed)} failed`;
}

function showSpread({ median, min, max }: Spread): string {
  return `${median.toFixed(3)} (${min.toFixed(3)}–${max.toFixed(3)})`;
}
