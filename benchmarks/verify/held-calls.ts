// How many calls the platform holds at once on one machine, with media from phone to phone: 5,000, 10,000, 20,000, 50,000,
// set up at up to 300 calls/s by SIPp, which is both sides and shares the cores. Tells what stood in the way of more, what a
// call takes in the engine and in the edge (after a full garbage collection), whether that stays for 10 minutes, what is
// left when all are hung up, whether `callweave audit` balances, and what nats-server keeps of 100,000 more calls that are
// over, told as the last one was.
// Arguments: calls=N,N,N minutes=N (how long the first are watched) rate=N (instead of what the machine can) snapshot=FOLDER
// (heaps of engine and edge with and without calls, for whoever looks what takes the room).
import process, { argv } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { takeLoadTurn } from '@callweave/test';
import { busGrowth } from '../support/bus-growth.ts';
import { type PlatformSide, startPlatformSide } from '../support/call-sides.ts';
import { type Held, hold, lookAtHolders, sustainableRate, takeSnapshots } from '../support/held-calls.ts';
import { openMemoryLooks } from '../support/memory-looks.ts';
import { round } from '../support/statistics.ts';

/** Bytes a call in one process. */
const GOAL_BYTES = 10_240;
const RATES = [300, 200, 150, 100, 75, 50, 25];
/** Until programs are compiled and have the memory they want. */
const WARM_UP = { calls: 6_000, rate: 100 };
/** What a call took is given back by then, RFC 6026 §7.1. */
const SETTLED_MS = 38_000;
/** Told of besides, for what nats-server keeps of calls that are over. */
const FINISHED_CALLS = 100_000;

const plan = planOf(argv.slice(2));
const looks = openMemoryLooks();
const endTurn = await takeLoadTurn();
let side: PlatformSide | undefined;
try {
  side = await startPlatformSide('platform', { CALLWEAVE_MEDIA: 'direct', ...looks.settings });
  const { platform } = side;
  const { failed } = await side.call(WARM_UP);
  if (failed > 0) console.error(`${String(failed)} calls of the warm-up failed`);
  const rate = plan.rate ?? (await sustainableRate(side, RATES));
  console.error(`${String(rate)} calls/s`);
  await pause(SETTLED_MS);
  const before = await lookAtHolders(platform, looks);
  if (plan.snapshot !== undefined) await takeSnapshots(platform, looks, `${plan.snapshot}/without`);

  const levels: Held[] = [];
  for (const [index, calls] of plan.calls.entries()) {
    const held = await hold(side, looks, {
      ...{ calls, rate, before, minutes: index === 0 ? plan.minutes : 0 },
      up: async () => {
        if (index === 0 && plan.snapshot !== undefined) await takeSnapshots(platform, looks, `${plan.snapshot}/with`);
      },
    });
    console.error(JSON.stringify(held));
    levels.push(held);
    if (held.limit !== undefined) break;
  }

  await pause(SETTLED_MS);
  const after = await lookAtHolders(platform, looks);
  const audit = await platform.cli('audit', '--grace-sec', '0');
  const bus = await busGrowth(platform, FINISHED_CALLS);
  const reached = levels.filter(({ limit }) => limit === undefined).at(-1);
  const heapAfterwards = {
    engine: round(after.engine.heapUsed / before.engine.heapUsed),
    edge: round(after.edge.heapUsed / before.edge.heapUsed),
  };
  console.log(
    JSON.stringify({
      ...{ media: 'direct', goalBytes: GOAL_BYTES, rate, highest: reached?.calls ?? 0 },
      firstLimit: levels.find(({ limit }) => limit !== undefined)?.limit ?? 'none of these',
      ...{ levels, memory: { before, after }, heapAfterwards, bus },
      audit: { balances: audit.code === 0, says: audit.output.trim().split('\n').slice(-8) },
    }),
  );
  if (audit.code !== 0 || reached === undefined) process.exitCode = 1;
} finally {
  await side?.stop();
  endTurn();
  looks.close();
}

interface HeldPlan {
  readonly calls: readonly number[];
  readonly minutes: number;
  readonly rate?: number;
  readonly snapshot?: string;
}

function planOf(args: readonly string[]): HeldPlan {
  const given = new Map(args.map((arg) => arg.split('=', 2) as [string, string]));
  const number = (text: string): number => {
    const value = Number(text);
    if (!(value >= 0)) throw new Error('expected calls=N,N,N minutes=N rate=N snapshot=FOLDER');
    return value;
  };
  const rate = given.get('rate');
  const snapshot = given.get('snapshot');
  return {
    calls: (given.get('calls') ?? '5000,10000,20000,50000').split(',').map(number),
    minutes: number(given.get('minutes') ?? '10'),
    ...(rate === undefined ? {} : { rate: number(rate) }),
    ...(snapshot === undefined ? {} : { snapshot }),
  };
}
