import { randomInt } from 'node:crypto';
import process, { env } from 'node:process';
import { afterAll, expect, test } from 'vitest';
import { Chance } from '../support/chance.ts';
import { toldCalls } from '../support/call-facts.ts';
import { type EdgePair } from '../support/edge-pair.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import { seenCalls } from '../support/seen-calls.ts';
import '../support/survival-field.ts';
import { TwoEdges } from '../support/two-edges.ts';
import { until } from '../support/until.ts';

const COUNT = 1_000;
const RATE = 20;
/** How far what the phones saw and what was told of a talk may be apart, besides the time in which nobody was there. */
const TOLERANCE_MS = 1_000;
/** Calls between two deaths. */
const BETWEEN = 30;

/** `CALLWEAVE_SEED=N` has the same happen once more, as far as it is chance. */
const seed = Number(env['CALLWEAVE_SEED'] ?? randomInt(2 ** 31));
const chance = new Chance(seed);

let cluster: NatsCluster | undefined;
// Before the platform's own, that is after it.
afterAll(() => cluster?.stop());
const edges = new TwoEdges(async () => {
  cluster = await startNatsCluster();
  return cluster.settings;
});

test('of 1000 calls each ends once while services, edges and NATS nodes are killed at random', async ({ task }) => {
  const deaths: string[] = [];
  task.meta.chance = { seed, deaths };
  process.stderr.write(`seed ${String(seed)}\n`);
  const before = new Set((await toldCalls(edges.bus)).keys());
  const calling = edges.load.talk({ calls: COUNT, rate: RATE, talkMs: 1_000, patienceMs: 60_000, timeoutSec: 240 });
  const over = new AbortController();
  void calling.finally(() => over.abort());
  const begun = (): number => edges.router.passed.filter(isNewInvite).length;
  for (let next = BETWEEN; !over.signal.aborted && next < COUNT; next += BETWEEN) {
    await until(`${String(next)} calls have begun`, () => over.signal.aborted || begun() >= next, 120_000);
    const [name, die] = chance.pick(mortals());
    deaths.push(name);
    process.stderr.write(`${String(begun())} calls: ${name}\n`);
    await die();
  }
  await calling;
  await cluster?.whole();
  await edges.expectBooksBalance(180_000);

  const told = [...(await toldCalls(edges.bus))].flatMap(([callId, call]) => (before.has(callId) ? [] : [call]));
  for (const { ends } of told) expect(ends).toHaveLength(1);
  const answered = seenCalls(edges.router.passed).filter(({ talkMs }) => talkMs !== undefined);
  expect(answered.length).toBeGreaterThan(COUNT / 2);
  const off = answered.flatMap(({ callId, talkMs = NaN, waitMs, gapMs }) => {
    // An INVITE that another edge was given after the death of the first is told as two calls, of which one has failed.
    const ended = told.filter(({ sipCallId, ends: [end] }) => sipCallId === callId && end === 'ended');
    const [{ talkedMs = NaN } = {}] = ended;
    const isRight =
      ended.length === 1 && Number.isFinite(waitMs) && Math.abs(talkedMs - talkMs) <= TOLERANCE_MS + gapMs;
    return isRight ? [] : [{ callId, ended, talkMs, talkedMs, waitMs, ladder: ladderOf(callId) }];
  });
  expect(off).toEqual([]);
}, 900_000);

/** What passed of one call, and when, from its first message on. */
function ladderOf(callId: string): string[] {
  const passed = edges.router.passed.filter((message) => message.callId === callId);
  const beganMs = passed[0]?.atMs ?? 0;
  return passed.map(
    ({ from, edge, line, method, atMs }) =>
      `${String(Math.round(atMs - beganMs))} ${from} ${edge}: ${line} (${method})`,
  );
}

function isNewInvite({ from, line, method }: { from: string; line: string; method: string }): boolean {
  return from === 'phone' && method === 'INVITE' && line.startsWith('INVITE ');
}

/** Who may die now, and how; each is back before the next dies. */
function mortals(): readonly (readonly [name: string, die: () => Promise<void>])[] {
  const services = ['registrar', 'auth-challenge-affinity', 'call-routing', 'media-control'];
  const { platform, first, second } = edges;
  const kill = async (one: EdgePair, other: EdgePair, who?: 'edge' | 'engine'): Promise<void> => {
    await one.kill(who);
    // Whoever shares the address out sees who listens, not who answers.
    if (who !== 'edge') edges.router.routeTo(other.address);
    await one.revive();
  };
  const node = async (): Promise<void> => {
    const dying = chance.pick(cluster?.nodes ?? []);
    dying.signal('SIGKILL');
    await until('it has ended', () => !dying.isRunning());
    dying.start();
    await cluster?.whole();
  };
  return [
    ...services.flatMap((name) =>
      [1, 2].map((n) => [`${name}-${String(n)}`, () => platform.kill(`${name}-${String(n)}`)] as const),
    ),
    ['first edge', () => kill(first, second, 'edge')],
    ['second edge', () => kill(second, first, 'edge')],
    ['first engine', () => kill(first, second, 'engine')],
    ['second engine', () => kill(second, first, 'engine')],
    ['first edge and engine', () => kill(first, second)],
    ['second edge and engine', () => kill(second, first)],
    ['a NATS node', node],
    ['a NATS node', node],
  ];
}
