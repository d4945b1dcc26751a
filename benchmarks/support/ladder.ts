import { TURN_MS } from './rounds.ts';
import { type Side } from './side.ts';

/** Calls per second, from rung to rung. */
const RUNGS = [400, 600, 800, 1_000, 1_200, 1_600, 2_000, 2_400, 2_800, 3_200] as const;

/** A rung may fail for what the machine does besides; whoever can carry it does so in one of these goes. */
const GOES = 3;

/** How much of the rate has to be reached. */
const MIN_SHARE = 0.93;

/**
 * The highest rate that a side sustains for so long: no failed call, and nearly that many calls begun each second. The
 * ladder ends at its first rung that is out of reach, for `atMost` at the latest; 0 when there is none.
 */
export async function sustainedRate(
  { name, load }: Side,
  seconds: number,
  takeTurn: (limitMs: number) => Promise<() => void>,
  atMost = Infinity,
): Promise<number> {
  let sustained = 0;
  for (const rung of RUNGS.filter((rate) => rate <= atMost)) {
    let isCarried = false;
    for (let go = 1; go <= GOES && !isCarried; go++) {
      const endTurn = await takeTurn(TURN_MS);
      const { failed, rate, retransmissions } = await load(rung, seconds).finally(endTurn);
      isCarried = failed === 0 && rate >= MIN_SHARE * rung;
      console.error(`${name} at ${rung}/s: ${rate.toFixed(0)}/s, ${failed} failed, ${retransmissions} repeated`);
    }
    if (!isCarried) break;
    sustained = rung;
  }
  return sustained;
}
