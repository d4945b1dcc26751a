import { describe, expect, test } from 'vitest';
import { answeredCalls, lastCause, openCalls } from '../support/call-facts.ts';
import { dieAt } from '../support/die-at.ts';
import { setFault } from '../support/faults.ts';
import { liveOn } from '../support/live-on.ts';
import { ringingCall } from '../support/ringing-call.ts';
import { survivalRows } from '../support/survival-rows.ts';
import { TwoEdges } from '../support/two-edges.ts';
import { until } from '../support/until.ts';

const edges = new TwoEdges(() => ({ CALLWEAVE_FAULTS: 'on' }));
const HALF_MS = 5_000;
/** Those of the matrix in which most parts are needed; `npm run verify -- survival` has them all. */
const short = survivalRows.filter(({ who, way }) => who === 'edge app' && way === 'cut off');

describe('calls with speech', () => {
  test.for(short.map((row) => [row.who, row.way, row] as const))('live on: %s, %s', async ([, , row]) => {
    await liveOn(edges, row, HALF_MS);
  });
});

describe('an edge that dies', () => {
  test('between the journal line of an answer and the answer ends that call once, for its callee too', async () => {
    const [, answered] = await dieAt(edges, { at: 'before-answer', pass: 1 }, 1);
    expect(answered, answered.errors).toMatchObject({ successful: 1, failed: 0 });
    await edges.expectBooksBalance();
    expect(await edges.newCalls()).toEqual([['initiated', 'routed', 'ringing', 'answered', 'ended']]);
  });

  test('when it knows where a call goes loses neither that call nor those that begin while it starts again', async () => {
    const [called] = await dieAt(edges, { at: 'in-invite', pass: 1 }, 3);
    expect(called, called.errors).toMatchObject({ successful: 3, failed: 0 });
    await edges.expectBooksBalance();
  });

  test('before anything of a call is stored leaves the next edge its end to tell, and the caller a call', async () => {
    await setFault(edges.bus, edges.first.instance(), { kind: 'no-writes', bucket: 'calls', forMs: 60_000 });
    const [called] = await dieAt(edges, { at: 'in-invite', pass: 1 }, 1);
    expect(called, called.errors).toMatchObject({ successful: 1, failed: 0 });
    await edges.expectBooksBalance();
    expect(await edges.newCalls()).toEqual([
      ['initiated', 'failed'],
      ['initiated', 'routed', 'ringing', 'answered', 'ended'],
    ]);
  });
});

test('an engine that dies before a caller has heard of an answer leaves its edge to take that back at the callee', async () => {
  const { bus, first, load } = edges;
  await setFault(bus, first.instance(), { kind: 'freeze', at: 'before-answer', pass: 1, forMs: 4_000 });
  const leaving = new AbortController();
  const talking = load.talk({ calls: 1, talkMs: 1_000, callersLeave: leaving.signal });
  await until('the edge stands still', () => first.logs().includes('"fault.happens"'), 30_000);
  await first.kill('engine');
  await first.revive();
  await until('its end is told', async () => (await edges.newCalls())[0]?.at(-1) === 'ended', 30_000);
  expect(await lastCause(bus)).toEqual({ by: 'platform', reason: 'node-lost' });
  leaving.abort();
  const [, answered] = await talking;
  expect(answered, answered.errors).toMatchObject({ successful: 1, failed: 0 });
  await edges.expectBooksBalance();
});

test('an edge that dies before the media of an ended call is released leaves its end to the next, which tells it at once', async () => {
  const { bus, first, load, platform } = edges;
  const controls = ['media-control-1', 'media-control-2'];
  const talking = load.talk({ calls: 1, talkMs: 2_000 });
  await until('it is answered', async () => (await answeredCalls(bus)).length === 1);
  for (const name of controls) platform.signal(name, 'SIGSTOP');
  await until('it is marked as ended', async () => (await openCalls(bus)).length === 0);
  await first.kill('edge');
  for (const name of controls) platform.signal(name, 'SIGCONT');
  await talking;
  expect((await edges.newCalls())[0]?.at(-1)).toBe('answered');
  await first.revive();
  await until('its end is told', async () => (await edges.newCalls())[0]?.at(-1) === 'ended', 10_000);
  expect(await lastCause(bus)).toEqual({ by: 'caller', reason: 'hang-up' });
  await edges.expectBooksBalance();
});

describe('a call that rings', () => {
  test.for([
    ['its engine dies', 'engine'],
    ['its edge dies with it', undefined],
  ] as const)('is given up by the next engine when %s: nobody rings and nobody waits', async ([, who]) => {
    const { alice, bob, quit } = await ringingCall(edges);
    await edges.first.kill(who);
    await edges.first.revive();
    await Promise.all([alice.waitFor('CALL_CLOSED'), bob.waitFor('CALL_CLOSED')]);
    await until('its end is told', async () => (await edges.newCalls())[0]?.at(-1) === 'failed');
    expect(await lastCause(edges.bus)).toMatchObject({ by: 'platform', reason: 'node-lost' });
    await edges.expectBooksBalance();
    await quit();
  });
});
