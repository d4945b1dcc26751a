// What a call costs: CPU of every process, in sum, and as a ratio to Kamailio's stateful record-routing proxy, which
// carries the same calls in the same run, in turn. `kamailio` passes calls on unasked and is the reference; `kamailio
// challenging` asks callers who they are, as the platform does. The platform also routes, looks the callee up, anchors
// media, keeps records and tells five facts. Arguments: rounds=N seconds=N rate=N.
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import {
  addSubscribers,
  freePort,
  type LoadAccount,
  runSipp,
  sippLines,
  startPlatform,
  takeLoadTurn,
} from '@callweave/test';
import { KamailioPeer } from '../peers/kamailio.ts';
import { compare, planOf, TURN_MS } from '../support/rounds.ts';
import { type Side } from '../support/side.ts';

const plan = planOf(argv.slice(2), { rounds: 5, seconds: 10, rate: 200 });
const scenario = (name: string): string => fileURLToPath(new URL(`../scenarios/${name}.xml`, import.meta.url));
const calleePort = await freePort();

const platform = await startPlatform();
const stops: (() => Promise<unknown>)[] = [() => platform.stop()];
try {
  const bus = await platform.bus();
  const callers = await addSubscribers(bus, 'caller', 100);
  const [callee] = await addSubscribers(bus, 'callee', 1);
  const password = callers[0]?.password ?? '';
  if (callee === undefined) throw new Error('no callee');
  const remote = platform.sip[0] ?? '';
  const lines = sippLines([callee]);
  const registered = await runSipp({ scenario: 'register', remote, calls: 1, lines, localPort: calleePort });
  if (registered.failed > 0) throw new Error(`the callee cannot register: ${registered.errors}`);

  const kamailio = async (challenge: boolean): Promise<Side> => {
    const peer = await KamailioPeer.start({ callee: `127.0.0.1:${String(calleePort)}`, password, challenge });
    stops.unshift(() => peer.stop());
    return {
      name: challenge ? 'kamailio challenging' : 'kamailio',
      processes: () => peer.processes,
      load: loadOf(peer.address, callers),
    };
  };
  const product: Side = { name: 'platform', processes: () => platform.processes(), load: loadOf(remote, callers) };
  const sides = [await kamailio(false), product, await kamailio(true)] as const;
  const result = await compare(sides, plan, {
    waits: { 1: 'INVITE to 180', 2: 'INVITE to 200' },
    takeTurn: () => takeLoadTurn(TURN_MS),
  });
  console.log(JSON.stringify({ ...plan, reference: 'kamailio', media: 'anchored', goal: 6.2, ...result }));
} finally {
  for (const stop of stops) await stop();
}

function loadOf(remote: string, callers: readonly LoadAccount[]): Side['load'] {
  return async (rate, seconds) => {
    const calls = rate * seconds;
    const stop = new AbortController();
    const answering = runSipp({
      scenario: scenario('answer'),
      remote,
      calls: 10 * calls,
      localPort: calleePort,
      signal: stop.signal,
    });
    const keys = { callee: 'callee0' };
    const lines = sippLines(callers);
    const result = await runSipp({ scenario: scenario('call'), remote, calls, rate, keys, lines, times: true });
    stop.abort();
    await answering;
    return result;
  };
}
