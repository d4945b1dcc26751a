// Registers phones at two edges, 200 REGISTERs a second each, for 20 s in peace and for 20 s while a registrar and an
// auth replica are killed and another of each is frozen. Tells failed phones and what a registration costs.
import {
  addSubscribers,
  breakOneByOne,
  cpuByService,
  RATE,
  RegisterLoad,
  type SippResult,
  startPlatform,
} from '@callweave/test';

const SECONDS = 20;

const platform = await startPlatform({ CALLWEAVE_SIP_PORTS: '0,0' });
try {
  const load = new RegisterLoad(platform, await addSubscribers(await platform.bus(), 'load', 1_000));
  console.error('warming up');
  await load.run(5);

  console.error('in peace');
  const before = cpuByService(platform.processes());
  const peace = await load.run(SECONDS);
  const after = cpuByService(platform.processes());
  const registrations = peace.reduce((sum, { successful }) => sum + successful, 0);
  const cost = Object.fromEntries(
    [...after].map(([name, ms]) => [name, round((ms - (before.get(name) ?? 0)) / registrations)]),
  );

  console.error('with replicas killed and frozen');
  const running = load.run(SECONDS);
  await breakOneByOne(platform, load);
  const faults = await running;

  const result = {
    edges: platform.sip.length,
    registersPerSecondAndEdge: 2 * RATE,
    seconds: SECONDS,
    inPeace: { ...outcome(peace), cpuMsPerRegistration: { ...cost, sum: round(sum(Object.values(cost))) } },
    withFaults: { ...outcome(faults), answered503: await load.answered(503) },
  };
  console.log(JSON.stringify(result));
} finally {
  await platform.stop();
}

function outcome(results: readonly SippResult[]): { successful: number; failed: number; retransmissions: number } {
  return {
    successful: sum(results.map(({ successful }) => successful)),
    failed: sum(results.map(({ failed }) => failed)),
    retransmissions: sum(results.map(({ retransmissions }) => retransmissions)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
