import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Platform, startPlatform } from '../support/platform.ts';
import { runSipp, type SippResult } from '../support/sipp.ts';
import { addSubscribers, type LoadAccount, sippLines } from '../support/subscribers.ts';
import { until } from '../support/until.ts';

const EDGES = ['edge-signaling-1', 'edge-signaling-2'];
/** Registrations per second at each edge; each is two REGISTERs. */
const RATE = 100;
const SECONDS = 20;

let platform: Platform;
let accounts: LoadAccount[] = [];

beforeAll(async () => {
  platform = await startPlatform({ CALLWEAVE_SIP_PORTS: '0,0' });
  accounts = await addSubscribers(await platform.bus(), 'load', 1_000);
});

afterAll(async () => {
  await platform.stop();
});

/** Loads both edges; each phone registers once, answers every challenge and comes back when told 503. */
function load(seconds: number): Promise<SippResult[]> {
  const half = accounts.length / 2;
  const run = (index: number): Promise<SippResult> =>
    runSipp({
      scenario: 'register',
      remote: platform.sip[index] ?? '',
      calls: RATE * seconds,
      rate: RATE,
      lines: sippLines(accounts.slice(index * half, (index + 1) * half)),
    });
  return Promise.all([run(0), run(1)]);
}

/** Answers with this status that both edges have sent. */
async function answered(status: number): Promise<number> {
  const counts = EDGES.map((edge) => platform.metric(edge, 'callweave_edge_responses', [`status="${String(status)}"`]));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

async function afterMore(count: number): Promise<void> {
  const target = (await answered(200)) + count;
  await until(`${String(count)} more registrations`, async () => (await answered(200)) >= target, 30_000);
}

test('with a registrar and an auth replica killed, and another of each frozen, no phone fails', async () => {
  const running = load(SECONDS);
  await afterMore(400);
  platform.signal('registrar-1', 'SIGKILL');
  await afterMore(600);
  platform.signal('auth-challenge-affinity-1', 'SIGKILL');
  await afterMore(600);
  platform.signal('registrar-2', 'SIGSTOP');
  await afterMore(200);
  platform.signal('auth-challenge-affinity-2', 'SIGSTOP');
  const results = await running;
  for (const { errors, ...counts } of results) {
    expect(counts, errors).toMatchObject({ successful: RATE * SECONDS, failed: 0 });
  }
  expect(await answered(503)).toBe(0);
});

test('while the bus restarts phones are told 503, and everything heals by itself', async () => {
  const running = load(8);
  await afterMore(300);
  platform.signal('nats-server', 'SIGKILL');
  await until('an edge says 503', async () => (await answered(503)) > 0);
  await afterMore(300);
  for (const { errors, ...counts } of await running) {
    expect(counts, errors).toMatchObject({ successful: RATE * 8, failed: 0 });
  }
});
