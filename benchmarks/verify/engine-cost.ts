// What a call costs the SIP engine in CPU, as a ratio to Kamailio's stateful record-routing proxy, which carries the same
// calls in the same run, in turn: answered by the engine for an application (`uas`), made two (`b2bua`), or sent on with
// the engine in its path (`proxy`). The CPU of the application, the bare minimum in drachtio-srf, is told beside. At a
// given rate and near the highest that is sustained. Arguments: rounds=N
// seconds=N rate=N; only=NAME,NAME for some of the sides; cost to leave out what comes after the cost at `rate`;
// against=DIRECTORY for the engine of another checkout beside this one's.
import { argv } from 'node:process';
import { freePort, takeLoadTurn } from '@callweave/test';
import { KamailioPeer } from '../peers/kamailio.ts';
import { type DeedName, deeds, deedsOf, loadOf } from '../support/engine-load.ts';
import { startEngine } from '../support/engine-side.ts';
import { sustainedRate } from '../support/ladder.ts';
import { type Comparison, compare, planOf, TURN_MS } from '../support/rounds.ts';
import { type Side } from '../support/side.ts';

/** What drachtio-server reaches on a machine like this: the ratio at 200 calls/s, and calls per second. */
const goals: Readonly<Record<DeedName, { readonly ratio: number; readonly sustained: number }>> = {
  uas: { ratio: 2.2, sustained: 2_400 },
  b2bua: { ratio: 4.6, sustained: 800 },
  proxy: { ratio: 2.2, sustained: 800 },
};

const LADDER_SEC = 8;
/** Of the highest rate that both sides sustain: at that itself, calls fail whenever the machine does something else. */
const NEAR_THE_TOP = 0.75;

const args = argv.slice(2);
const plan = planOf(args, { rounds: 5, seconds: 10, rate: 200 });
const against = args.find((arg) => arg.startsWith('against='))?.slice('against='.length);
const calleePort = await freePort();
const callee = `127.0.0.1:${String(calleePort)}`;
const stops: (() => Promise<unknown>)[] = [];
try {
  const peer = await KamailioPeer.start({ callee, password: 'none', challenge: false });
  stops.unshift(() => peer.stop());
  const kamailio: Side = { name: 'kamailio', processes: () => peer.processes, load: loadOf(peer.address, calleePort) };
  const ours = new Map<DeedName, Side>();
  const others: Side[] = [];
  for (const name of deedsOf(args)) {
    ours.set(name, await engineSide(name, name));
    if (against !== undefined) others.push(await engineSide(`${name} of the other`, name, against));
  }
  const takeTurn = (): Promise<() => void> => takeLoadTurn(TURN_MS);
  const cost = (sides: readonly [Side, ...Side[]], rate: number): Promise<Comparison> =>
    compare(sides, { ...plan, rate }, { waits: {}, takeTurn });

  const atRate = await cost([kamailio, ...ours.values(), ...others], plan.rate);
  const result = { ...plan, reference: 'kamailio', goals, ...atRate };
  if (args.includes('cost')) console.log(JSON.stringify(result));
  else {
    const kamailioSustains = await sustainedRate(kamailio, LADDER_SEC, takeTurn);
    const sustained: Record<string, number> = { kamailio: kamailioSustains };
    const nearTheTop: Record<string, { readonly rate: number } & Comparison> = {};
    for (const [name, side] of ours) {
      const rate = await sustainedRate(side, LADDER_SEC, takeTurn);
      sustained[name] = rate;
      const shared = Math.floor(NEAR_THE_TOP * Math.min(rate, kamailioSustains));
      if (shared > 0) nearTheTop[name] = { rate: shared, ...(await cost([kamailio, side], shared)) };
    }
    console.log(JSON.stringify({ ...result, sustained, nearTheTop }));
  }
} finally {
  for (const stop of stops) await stop();
}

async function engineSide(title: string, name: DeedName, checkout?: string): Promise<Side> {
  const deed = deeds[name];
  const engine = await startEngine({ checkout });
  stops.unshift(() => engine.stop());
  await engine.startApp(deed, callee);
  const load = loadOf(engine.address, deed === 'answer' ? undefined : calleePort);
  return { name: title, processes: () => engine.processes(), load };
}
