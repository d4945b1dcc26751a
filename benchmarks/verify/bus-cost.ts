// What a question on the bus costs the process that asks it: our exchange beside the `request` of the NATS client it
// stands on, in turn, against the same nats-server and the same answering process. Arguments: rounds=N.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import process, { argv, cpuUsage } from 'node:process';
import { fileURLToPath } from 'node:url';
import { type Connection, joinBus, startNats } from '@callweave/test';
import { round, type Spread, spread } from '../support/statistics.ts';

const SUBJECT = 'benchmark.echo';
const QUESTIONS = 20_000;
const PAYLOAD = new Uint8Array(400);
const TIMEOUT = { timeout: 20_000 };

type Ask = (connection: Connection) => Promise<unknown>;

const ways: Readonly<Record<string, Ask>> = {
  'client request': ({ nc }) => nc.request(SUBJECT, PAYLOAD, { ...TIMEOUT }),
  exchange: ({ exchange }) => exchange.request(SUBJECT, PAYLOAD, TIMEOUT),
};

const [first = ''] = argv.slice(2);
if (first.startsWith('nats://')) await answer(first);
else await measure(Number(/^rounds=(\d+)$/.exec(first)?.[1] ?? 5));

/** The other process: sends back what it is sent. */
async function answer(url: string): Promise<void> {
  const { nc } = await joinBus(url);
  nc.subscribe(SUBJECT, { callback: (_error, message) => void message.respond(message.data) });
  await nc.flush();
  process.send?.('ready');
}

async function measure(rounds: number): Promise<void> {
  const nats = await startNats();
  const connection = await nats.operator();
  const child = fork(fileURLToPath(import.meta.url), [nats.url]);
  try {
    await once(child, 'message');
    const result: Record<string, Record<string, { readonly cpuUs: Spread; readonly ratio: Spread }>> = {};
    for (const inFlight of [1, 32])
      result[`${String(inFlight)} in flight`] = await compare(connection, inFlight, rounds);
    console.log(
      JSON.stringify({
        rounds,
        questions: QUESTIONS,
        payloadBytes: PAYLOAD.length,
        reference: 'client request',
        result,
      }),
    );
  } finally {
    child.kill();
    await nats.stop();
  }
}

async function compare(
  connection: Connection,
  inFlight: number,
  rounds: number,
): Promise<Record<string, { readonly cpuUs: Spread; readonly ratio: Spread }>> {
  const costs = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
  for (let n = 0; n <= rounds; n++) {
    for (const [name, ask] of Object.entries(ways)) {
      const cpuUs = await cost(() => ask(connection), inFlight);
      console.error(`${String(inFlight)} in flight, ${name}: ${cpuUs.toFixed(1)} µs`);
      if (n > 0) costs.get(name)?.push(cpuUs);
    }
  }
  const base = costs.get('client request') ?? [];
  return Object.fromEntries(
    [...costs].map(([name, all]) => [
      name,
      { cpuUs: spread(all), ratio: spread(all.map((us, n) => round(us / (base[n] ?? NaN)))) },
    ]),
  );
}

/** CPU of this process per question, µs. */
async function cost(ask: () => Promise<unknown>, inFlight: number): Promise<number> {
  const before = cpuUsage();
  let left = QUESTIONS;
  const asker = async (): Promise<void> => {
    while (left-- > 0) await ask();
  };
  await Promise.all(Array.from({ length: inFlight }, asker));
  const { user, system } = cpuUsage(before);
  return (user + system) / QUESTIONS;
}
