import { describe, expect, test } from 'vitest';
import { answeredCalls, lastCause, openCalls, storedRecords } from '../support/call-facts.ts';
import { ringingCall } from '../support/ringing-call.ts';
import { CALLS, TwoEdges } from '../support/two-edges.ts';
import { until } from '../support/until.ts';

const edges = new TwoEdges();

describe('two edges behind one address', () => {
  // Before others: what their edges were stopped with is left to a sweep that comes later.
  test('keep nothing of a call that has ended longer than its repeated BYEs may come', async () => {
    edges.expectAllContent(
      await edges.talkThrough(() => edges.first.kill().then(() => edges.router.routeTo(edges.second.address))),
    );
    await edges.expectAllEnded();
    await until('the records are gone', async () => (await storedRecords(edges.bus)) === 0, 60_000);
  });

  test('a frozen one that wakes up finds its calls ended and hangs nobody up', async () => {
    const results = await edges.talkThrough(
      async () => {
        edges.first.signal('SIGSTOP');
        // It will find the first BYE of every call waiting for it; the phones repeat theirs, and those go elsewhere.
        await until(
          'all callers hang up',
          () => edges.router.count('phone', edges.first.address, 'BYE ') >= CALLS,
          60_000,
        );
        edges.router.routeTo(edges.second.address);
      },
      { talkMs: 8_000 },
    );
    edges.expectAllContent(results);
    const told = await edges.expectAllEnded();
    const asked = edges.router.count('phone', edges.first.address, 'BYE ');
    edges.first.signal('SIGCONT');
    await until(
      'it has answered what waited for it',
      () => edges.router.count('edge', edges.first.address, '200 OK') >= asked,
    );
    expect(edges.router.count('edge', edges.first.address, 'BYE ')).toBe(0);
    expect(await edges.expectAllEnded()).toEqual(told);
    expect(await edges.adopted(edges.second)).toBe(CALLS);
  });
});

describe('an edge that comes back at its own address', () => {
  test('takes its calls over by itself, whether the edge died, its engine or both, and again', async () => {
    const blow = async (): Promise<void> => {
      for (const [epoch, who] of [
        [2, 'edge'],
        [3, 'engine'],
        [4, undefined],
      ] as const) {
        await edges.first.kill(who);
        await edges.first.revive();
        const takenOver = async (): Promise<number> =>
          (await answeredCalls(edges.bus)).filter((call) => call.epoch === epoch).length;
        await until(`it has all calls for the ${String(epoch)}th time`, async () => (await takenOver()) === CALLS);
      }
    };
    edges.expectAllContent(await edges.talkThrough(blow, { talkMs: 50_000 }));
    expect((await edges.expectAllEnded()).size).toBe(1);
    expect(await edges.adopted(edges.second)).toBe(0);
  }, 180_000);
});

test('a call that rings while its engine stands still, and that another edge has closed, is given up when it goes on', async () => {
  const { first, bus } = edges;
  const { alice, bob, quit } = await ringingCall(edges);
  first.signal('SIGSTOP', 'engine');
  await until('another edge has closed it', async () => (await edges.newCalls())[0]?.at(-1) === 'failed', 60_000);
  first.signal('SIGCONT', 'engine');
  await Promise.all([alice.waitFor('CALL_CLOSED'), bob.waitFor('CALL_CLOSED')]);
  expect(await lastCause(bus)).toEqual({ by: 'platform', reason: 'node-lost' });
  await edges.expectBooksBalance();
  await quit();
});

test('a call that rings while its edge is asked to end, and whose engine dies then, has failed before that edge is gone', async () => {
  const { first, bus } = edges;
  const { quit } = await ringingCall(edges);
  first.signal('SIGTERM', 'edge');
  await until('it ends', () => first.logs().includes('"to":"draining"'));
  await first.kill('engine');
  await until('it has ended', () => !first.isRunning('edge'), 30_000);
  expect((await edges.newCalls())[0]?.at(-1)).toBe('failed');
  expect(await lastCause(bus)).toMatchObject({ by: 'platform', reason: 'node-lost' });
  await first.revive();
  await edges.expectBooksBalance();
  await quit();
});

test('of a call that rings when its edge dies, and only another is left, who picks up is hung up on', async () => {
  const { bob, quit } = await ringingCall(edges);
  await edges.first.kill();
  edges.router.routeTo(edges.second.address);
  bob.command('accept');
  await bob.waitFor('CALL_CLOSED');
  expect(edges.second.logs()).toContain('"answer.late"');
  await edges.first.revive();
  await until('its end is told', async () => (await edges.newCalls())[0]?.at(-1) === 'failed', 60_000);
  expect(await lastCause(edges.bus)).toEqual({ by: 'platform', reason: 'node-lost' });
  await until('its record is gone', async () => (await openCalls(edges.bus)).length === 0);
  await quit();
});

describe('a call that nobody hangs up after its edge died', () => {
  test('is taken over when the lease has run out, and ended when one side has left meanwhile', async () => {
    const leaving = new AbortController();
    const talking = edges.load.talk({ calls: CALLS, talkMs: 300_000, callersLeave: leaving.signal });
    await until('all calls are answered', async () => (await answeredCalls(edges.bus)).length === CALLS);
    await edges.first.kill();
    edges.router.routeTo(edges.second.address);
    // The callers vanish without a word; nobody who is alive knows of these calls.
    leaving.abort();
    const [, answered] = await talking;
    edges.expectAllContent([answered]);
    await edges.expectAllEnded();
    expect(await lastCause(edges.bus)).toEqual({ by: 'platform', reason: 'node-lost' });
  }, 240_000);
});
