// What a call costs: CPU of every process, in sum, and as a ratio to Kamailio's stateful record-routing proxy, which
// carries the same calls in the same run, in turn. `kamailio` passes calls on unasked and is the reference; `kamailio
// challenging` asks callers who they are, as the platform does. The platform also routes, looks the callee up, anchors
// media, keeps records and tells five facts and a call record. At the first rate it is also measured with media from
// phone to phone, and traced. At the end calls are held, for more of which rtpengine would want ports than a test
// has, so with media from phone to phone: what they keep in memory.
// Arguments: rounds=N seconds=N rate=N (that rate only).
import { argv } from 'node:process';
import { takeLoadTurn } from '@callweave/test';
import { callMemory } from '../support/call-memory.ts';
import { type CallSide, startKamailioSide, startPlatformSide, startTraceSink } from '../support/call-sides.ts';
import { type Comparison, compare, planOf, TURN_MS } from '../support/rounds.ts';

/** Calls a second; the first is the one that is looked at closely. */
const RATES = [200, 50, 100, 300];
const WAITS = { 1: 'INVITE to 180', 2: 'INVITE to 200' };
/** Calls until a program is compiled and has the memory it wants. */
const WARM_UP = 6_000;
const WARM_AGAIN = 1_000;

const args = argv.slice(2);
const plan = planOf(args, { rounds: 3, seconds: 10, rate: RATES[0] ?? 200 });
const rates = args.some((arg) => arg.startsWith('rate=')) ? [plan.rate] : RATES;
const takeTurn = (): Promise<() => void> => takeLoadTurn(TURN_MS);

const stops: (() => unknown)[] = [];
async function begun(starting: Promise<CallSide>): Promise<CallSide> {
  const side = await starting;
  stops.unshift(() => side.stop());
  return side;
}

try {
  const sink = await startTraceSink();
  stops.unshift(() => sink.stop());
  const reference = await begun(startKamailioSide(false));
  const platform = await begun(startPlatformSide('platform'));
  const direct = await begun(startPlatformSide('platform, direct media', { CALLWEAVE_MEDIA: 'direct' }));
  const others = [
    direct,
    await begun(startPlatformSide('platform, traced', { CALLWEAVE_OTLP_URL: sink.url })),
    await begun(startKamailioSide(true)),
  ];
  const byRate: Record<string, Measured> = {};
  for (const rate of rates) {
    const isFirst = rate === rates[0];
    const sides = [reference, platform, ...(isFirst ? others : [])] as const;
    byRate[String(rate)] = await measured(() =>
      compare(sides, { ...plan, rate }, { waits: WAITS, takeTurn, warmUp: isFirst ? WARM_UP : WARM_AGAIN }),
    );
  }
  const endTurn = await takeTurn();
  const memory = await callMemory(direct).catch((error: unknown) => ({ notMeasured: messageOf(error) }));
  endTurn();
  console.log(JSON.stringify({ ...plan, rates, reference: 'kamailio', media: 'anchored', goal: 6.2, byRate, memory }));
} finally {
  for (const stop of stops) await stop();
}

/** A rate that the machine cannot carry says so. */
type Measured = (Comparison & { readonly addedPddMs: Record<'p50' | 'p99', number> }) | { readonly notCarried: string };

async function measured(run: () => Promise<Comparison>): Promise<Measured> {
  try {
    const comparison = await run();
    const pdd = (side: string): { p50: number; p99: number } =>
      comparison.sides[side]?.waitedMs['INVITE to 180'] ?? { p50: NaN, p99: NaN };
    const [own, theirs] = [pdd('platform'), pdd('kamailio')];
    return { ...comparison, addedPddMs: { p50: own.p50 - theirs.p50, p99: own.p99 - theirs.p99 } };
  } catch (error) {
    return { notCarried: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
