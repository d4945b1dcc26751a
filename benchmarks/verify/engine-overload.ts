// What a SIP engine does when more calls are offered than it and its application can carry: offered beside served,
// refused and failed calls, what INVITE and BYE wait, for rates up to three times the highest that is carried, and how
// long it takes afterwards until nobody is refused. Engine and application (drachtio-srf's createUAS) have one core,
// SIPp the others, so that the load does not take what it measures. Arguments: seconds=N; off to leave the engine
// unprotected.
import { execFileSync } from 'node:child_process';
import { argv, pid } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runSipp, type SippResult, type SippSecond, takeLoadTurn } from '@callweave/test';
import { type EngineUnderLoad, startEngine } from '../support/engine-side.ts';
import { TURN_MS } from '../support/rounds.ts';
import { percentiles, round } from '../support/statistics.ts';

const STEPS = [200, 300, 400, 500, 600, 800, 1_000, 1_200, 1_400, 1_600, 2_000, 2_400, 2_800, 3_200] as const;
const STEP_SEC = 5;
/** A step may fail for what the machine does besides. */
const GOES = 3;
/** How much of what is offered has to be served at the highest rate that counts as carried. */
const MIN_SHARE = 0.95;
const FACTORS = [0.5, 1, 1.5, 2, 3] as const;
const TALK_MS = 1_000;
const SIPP_SEC = 300;

const args = argv.slice(2);
const seconds = Number(args.find((arg) => arg.startsWith('seconds='))?.slice(8) ?? 15);
if (!Number.isInteger(seconds) || seconds <= 0) throw new Error('expected seconds=N');
const isOff = args.includes('off');

const scenario = fileURLToPath(new URL('../scenarios/sheddable-call.xml', import.meta.url));
const endTurn = await takeLoadTurn(TURN_MS);
const engine = await startEngine({ flags: isOff ? ['--overload-delay', 'off'] : [] });
try {
  await engine.startApp('answer');
  pinTo('0', ...engine.processes().map((process) => process.pid));
  pinTo('1-1023', pid);
  console.error('warming up');
  await offer(engine, 200, 10);
  const carried = await highestCarried(engine);
  const rungs = [];
  for (const factor of FACTORS) {
    const rate = Math.round(factor * carried);
    rungs.push({ factor, offeredPerSecond: rate, ...summary(await offer(engine, rate, seconds)) });
    console.error(JSON.stringify(rungs.at(-1)));
  }
  const recovery = await recoveryFrom(engine, 3 * carried, 0.5 * carried);
  console.log(JSON.stringify({ isProtected: !isOff, seconds, carriedPerSecond: carried, rungs, recovery }));
} finally {
  await engine.stop();
  endTurn();
}

/** Each number of cores is allowed to be more than there are. */
function pinTo(cores: string, ...pids: readonly number[]): void {
  for (const one of pids) execFileSync('taskset', ['-acp', cores, String(one)], { stdio: 'ignore' });
}

function offer({ address }: EngineUnderLoad, rate: number, forSec: number): Promise<SippResult> {
  const calls = Math.round(rate * forSec);
  const options = { remote: address, calls, rate, talkMs: TALK_MS, atOnce: 100_000 };
  return runSipp({ scenario, ...options, times: true, toleratesDisorder: true, timeoutSec: SIPP_SEC });
}

/** Calls that were served: SIPp counts those that were refused as successful too. */
function servedOf({ successful, seconds: each }: SippResult): number {
  return successful - sum(each, 'counted');
}

function sum(each: readonly SippSecond[], key: keyof SippSecond): number {
  return each.reduce((total, second) => total + second[key], 0);
}

async function highestCarried(engineUnderLoad: EngineUnderLoad): Promise<number> {
  let best = 0;
  for (const rate of STEPS) {
    let isCarried = false;
    for (let go = 1; go <= GOES && !isCarried; go++) {
      const result = await offer(engineUnderLoad, rate, STEP_SEC);
      const share = servedOf(result) / (rate * STEP_SEC);
      console.error(`${rate}/s: ${(100 * share).toFixed(1)} % served`);
      isCarried = share >= MIN_SHARE;
    }
    if (!isCarried) break;
    best = rate;
  }
  if (best === 0) throw new Error('not even the lowest rate is carried');
  return best;
}

function summary(result: SippResult): object {
  const { seconds: each, failed, retransmissions, timesMs } = result;
  const begun = each.slice(0, seconds);
  return {
    begunPerSecond: round(sum(begun, 'begun') / seconds),
    servedPerSecond: round(servedOf(result) / seconds),
    refusedPerSecond: round(sum(each, 'counted') / seconds),
    failed,
    retransmissions,
    inviteMs: percentiles(timesMs.get('1') ?? []),
    byeMs: percentiles(timesMs.get('2') ?? []),
  };
}

/** Offers too much and then half of what is carried, while the calls of before still end. */
async function recoveryFrom(engineUnderLoad: EngineUnderLoad, tooMuch: number, after: number): Promise<object> {
  const before = offer(engineUnderLoad, tooMuch, seconds);
  await pause(1_000 * seconds);
  const { seconds: each, failed } = await offer(engineUnderLoad, after, 20);
  await before;
  const lastTrouble = each.findLastIndex((second) => second.counted > 0 || second.failed > 0);
  return { offeredPerSecond: after, secondsUntilAllServed: lastTrouble + 1, failed };
}
