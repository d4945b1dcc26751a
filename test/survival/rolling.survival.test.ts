import { type Rtpengine, startRtpengine } from '@callweave/rtpengine/testing';
import { afterAll, expect, test } from 'vitest';
import { answeredCalls, callDetailRecords } from '../support/call-facts.ts';
import { CallLoad } from '../support/call-load.ts';
import { type EdgePair } from '../support/edge-pair.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import { readStreams } from '../support/streams.ts';
import '../support/survival-field.ts';
import { CALLS, TwoEdges } from '../support/two-edges.ts';
import { until } from '../support/until.ts';

/** Calls a second beside those that are held. */
const RATE = 20;
/** Longer than all processes take to be restarted. */
const HELD_MS = 240_000;
const MAX_DRAIN_MS = 15_000;
/** What is told of a call. */
const FACTS = 5;
const TIMEOUT_SEC = 900;

let cluster: NatsCluster | undefined;
const nodes: Rtpengine[] = [];
// Before the platform's own, that is after it.
afterAll(async () => {
  cluster?.stop();
  await Promise.all(nodes.map((node) => node.stop()));
});
const edges = new TwoEdges(async () => {
  cluster = await startNatsCluster();
  for (let node = 0; node < 2; node++) nodes.push(await startRtpengine());
  return { ...cluster.settings, CALLWEAVE_RTPENGINE: nodes.map(({ address }) => address).join(',') };
});

test('every process is restarted one after the other under 20 calls a second, and no call fails or is lost', async ({
  task,
}) => {
  const drainsMs: Record<string, number> = {};
  task.meta.drainsMs = drainsMs;
  const timed = async (name: string, ending: () => Promise<unknown>): Promise<void> => {
    const askedAt = performance.now();
    await ending();
    drainsMs[name] = Math.round(performance.now() - askedAt);
  };
  const held = edges.load.talk({
    calls: CALLS,
    talkMs: HELD_MS,
    follows: true,
    patienceMs: 60_000,
    timeoutSec: TIMEOUT_SEC,
  });
  const isUp = async (): Promise<boolean> => (await answeredCalls(edges.bus)).length === CALLS;
  await until('all calls are held', isUp, 30_000);
  const heldIds = new Set((await answeredCalls(edges.bus)).map(({ callId }) => callId));
  const load = await CallLoad.open(edges.platform, edges.router.address, 'passer');
  const stop = new AbortController();
  const passing = load.talk({
    ...{ calls: 1e6, rate: RATE, talkMs: 500, callersLeave: stop.signal, patienceMs: 5_000 },
    timeoutSec: TIMEOUT_SEC,
  });
  await moreCalls(RATE);

  for (const [index, node] of nodes.entries()) {
    await timed(`rtpengine ${String(index + 1)}`, async () => {
      // As its chart does: those whose phones ring are answered there.
      await node.refuse();
      await moreCalls(RATE);
      await node.kill('SIGTERM');
    });
    await node.restart();
    await moreCalls(5 * RATE);
  }
  for (const [name, one, other] of [
    ['first', edges.first, edges.second],
    ['second', edges.second, edges.first],
  ] as const)
    await restartEdge(one, other, (who, ending) => timed(`${name} ${who}`, ending));
  for (const { name } of edges.platform.processes()) {
    drainsMs[name] = await edges.platform.restart(name);
    await moreCalls(RATE);
  }
  for (const node of cluster?.nodes ?? []) {
    await timed(node.name, async () => {
      node.leave();
      await until(`${node.name} has ended`, () => !node.isRunning(), 60_000);
    });
    node.start();
    await cluster?.whole();
    await moreCalls(RATE);
  }

  const over = (await callDetailRecords(edges.bus)).filter(({ callId }) => heldIds.has(callId));
  expect(over.map(({ cause, endedAt, owner }) => ({ cause, endedAt, owner }))).toEqual([]);
  stop.abort();
  const [called] = await passing;
  const { errors, ...counts } = called;
  expect(counts, errors).toMatchObject({ failed: 0 });
  expect(called.successful).toBeGreaterThan(5 * RATE);
  edges.expectAllContent(await held);
  await edges.expectBooksBalance();
  expect(Object.entries(drainsMs).filter(([, ms]) => ms > MAX_DRAIN_MS)).toEqual([]);
}, 900_000);

/**
 * Whoever shares the address out leads new calls elsewhere first, and what is said in others to where they are; then
 * both are asked to end, and started again.
 */
async function restartEdge(
  one: EdgePair,
  other: EdgePair,
  timed: (who: 'edge' | 'engine', ending: () => Promise<void>) => Promise<void>,
): Promise<void> {
  edges.router.leadTo(other.address);
  await moreCalls(RATE);
  await Promise.all((['edge', 'engine'] as const).map((who) => timed(who, () => one.kill(who, 'SIGTERM'))));
  await one.revive();
  await moreCalls(RATE);
}

async function moreCalls(count: number): Promise<void> {
  const told = async (): Promise<number> => (await readStreams(edges.bus, ['CALLS'])).get('CALLS')?.state.messages ?? 0;
  const before = await told();
  await until(`${String(count)} more calls`, async () => (await told()) >= before + FACTS * count, 120_000);
}
