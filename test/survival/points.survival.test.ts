import { describe, expect, test } from 'vitest';
import { answeredCalls, lastCause } from '../support/call-facts.ts';
import { dieAt } from '../support/die-at.ts';
import { setFault } from '../support/faults.ts';
import { ringingCall } from '../support/ringing-call.ts';
import { type SippResult } from '../support/sipp.ts';
import { TwoEdges } from '../support/two-edges.ts';
import { until } from '../support/until.ts';

const edges = new TwoEdges(() => ({ CALLWEAVE_FAULTS: 'on' }));
const CALLS = 4;
/** `-t '[1-3]th'` runs three of each. */
const again = Array.from({ length: 20 }, (_, index) => index + 1);

/** Calls that are up, with nothing of them stored for some seconds; what both sides will have seen. */
async function talkUnstored(): Promise<{ readonly seen: Promise<readonly SippResult[]> }> {
  await setFault(edges.bus, edges.first.instance(), { kind: 'no-writes', bucket: 'calls', forMs: 4_000 });
  const acknowledged = (): number => edges.router.count('phone', edges.first.address, 'ACK ');
  const before = acknowledged();
  const seen = edges.load.talk({ calls: CALLS, talkMs: 12_000, patienceMs: 60_000 });
  // Each caller acknowledges the challenge too.
  await until('all are up', () => acknowledged() >= before + 2 * CALLS, 30_000);
  expect(await answeredCalls(edges.bus)).toEqual([]);
  return { seen };
}

test('an engine that dies before the calls on it are stored leaves them to its edge, which has them in its journal', async () => {
  const { seen } = await talkUnstored();
  await edges.first.kill('engine');
  await edges.first.revive();
  for (const { errors, ...counts } of await seen) expect(counts, errors).toMatchObject({ successful: CALLS });
  await edges.expectBooksBalance();
});

describe('an edge that dies', () => {
  test.each(again)(
    'when it knows where a call goes loses neither that call nor another, for the %ith time',
    async () => {
      const [called] = await dieAt(edges, { at: 'in-invite', pass: CALLS }, CALLS);
      expect(called, called.errors).toMatchObject({ successful: CALLS, failed: 0 });
      await edges.expectBooksBalance();
    },
  );

  test.each(again)('refuses nobody who calls while it starts again, for the %ith time', async () => {
    const [called] = await dieAt(edges, { at: 'after-ack', pass: 1 }, CALLS);
    expect(called, called.errors).toMatchObject({ successful: CALLS, failed: 0 });
    await edges.expectBooksBalance();
  });

  test.each(again)('when it has answered a caller keeps that call and all others, for the %ith time', async () => {
    const [called] = await dieAt(edges, { at: 'after-answer', pass: CALLS }, CALLS);
    expect(called, called.errors).toMatchObject({ successful: CALLS });
    await edges.expectBooksBalance();
  });

  test.each(again)('when a caller has acknowledged keeps that call and all others, for the %ith time', async () => {
    const [called] = await dieAt(edges, { at: 'after-ack', pass: CALLS }, CALLS);
    expect(called, called.errors).toMatchObject({ successful: CALLS });
    await edges.expectBooksBalance();
  });

  test.each(again)(
    'before it answers a caller ends that call once and keeps the others, for the %ith time',
    async () => {
      const [called, answered] = await dieAt(edges, { at: 'before-answer', pass: CALLS }, CALLS);
      expect(called, called.errors).toMatchObject({ successful: CALLS - 1, failed: 1 });
      expect(answered, answered.errors).toMatchObject({ successful: CALLS, failed: 0 });
      await edges.expectBooksBalance();
    },
  );

  test.each(again)('in a re-INVITE keeps all calls, for the %ith time', async (time) => {
    const [called] = await dieAt(edges, { at: 'in-reinvite', pass: 1 + (time % CALLS) }, CALLS);
    expect(called, called.errors).toMatchObject({ successful: CALLS });
    await edges.expectBooksBalance();
  });

  test.each(again)('while a change waits for its answer keeps all calls, for the %ith time', async () => {
    const { first, router } = edges;
    const passedOn = (): number => router.count('edge', first.address, 'INVITE ');
    const talking = edges.load.talk({ calls: CALLS, talkMs: 3_000, changes: true, patienceMs: 60_000 });
    await until('all are up', async () => (await answeredCalls(edges.bus)).length === CALLS, 30_000);
    // From now on an answer is on its way for so long.
    const late = { kind: 'delay', way: 'in', method: 'INVITE', byMs: 1_000, forMs: 60_000 } as const;
    await setFault(edges.bus, first.instance(), late);
    const before = passedOn();
    await until('a change is passed on', () => passedOn() > before, 30_000);
    await first.kill('edge');
    await first.revive();
    for (const { errors, ...counts } of await talking) expect(counts, errors).toMatchObject({ successful: CALLS });
    await edges.expectBooksBalance();
  });

  test('when a caller has acknowledged, and nothing of his call could be stored, keeps it from its journal', async () => {
    await setFault(edges.bus, edges.first.instance(), { kind: 'no-writes', bucket: 'calls', forMs: 60_000 });
    const [called] = await dieAt(edges, { at: 'after-ack', pass: 1 }, 1);
    expect(called, called.errors).toMatchObject({ successful: 1 });
    await edges.expectBooksBalance();
  });

  test('may die as soon as the calls are stored that could not be when they were answered', async () => {
    const { seen } = await talkUnstored();
    await until('all are stored', async () => (await answeredCalls(edges.bus)).length === CALLS, 30_000);
    await edges.first.kill();
    edges.router.routeTo(edges.second.address);
    for (const { errors, ...counts } of await seen) expect(counts, errors).toMatchObject({ successful: CALLS });
    await edges.expectBooksBalance();
  });

  test('before it answers a caller, and nothing of his call could be stored, ends it once from its journal', async () => {
    await setFault(edges.bus, edges.first.instance(), { kind: 'no-writes', bucket: 'calls', forMs: 60_000 });
    const [called, answered] = await dieAt(edges, { at: 'before-answer', pass: 1 }, 1);
    expect(called, called.errors).toMatchObject({ successful: 0, failed: 1 });
    expect(answered, answered.errors).toMatchObject({ successful: 1, failed: 0 });
    await edges.expectBooksBalance();
    expect(await edges.newCalls()).toEqual([['initiated', 'routed', 'ringing', 'answered', 'ended']]);
  });

  test.each(again)(
    'when it has answered a BYE hangs the other side up when it is back, for the %ith time',
    async () => {
      const [called, answered] = await dieAt(edges, { at: 'in-bye', pass: 1 }, 1);
      expect([called, answered]).toMatchObject([{ successful: 1 }, { successful: 1, failed: 0 }]);
      expect(await lastCause(edges.bus)).toMatchObject({ by: 'caller', reason: 'hang-up' });
      await edges.expectBooksBalance();
    },
  );

  test('while a call rings leaves an engine that cancels it, and the call has failed once', async () => {
    const { alice, bob, quit } = await ringingCall(edges);
    await edges.first.kill('edge');
    await Promise.all([alice.waitFor('CALL_CLOSED'), bob.waitFor('CALL_CLOSED')]);
    await edges.first.revive();
    await until('its end is told', async () => (await edges.newCalls())[0]?.at(-1) === 'failed');
    expect(await lastCause(edges.bus)).toEqual({ by: 'platform', reason: 'node-lost' });
    await quit();
    await edges.expectBooksBalance();
  });
});
