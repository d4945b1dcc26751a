import { expect, test } from 'vitest';
import { fakeTransfers } from './fake-transfer.ts';

test('an answered call that cannot be stored is stored later, as it is by then', async () => {
  const tried: string[] = [];
  const world = fakeTransfers({
    keep: ({ callee }) => Promise.resolve(tried.push(callee.identity.remoteTag) > 3),
  });
  const call = world.establish('alice', 'bob');
  const { parts: other } = world.establish('carol', 'dave');
  for (const now of [{ ...call.parts, callee: other.callee }, undefined, undefined]) {
    await world.settle();
    world.clock.advance(1_000);
    if (now !== undefined) void world.calls.repair(call, now);
  }
  expect(tried).toEqual(['bob', 'dave', 'bob', 'dave', 'dave']);
});

test('one that has ended by then is not', async () => {
  let tried = 0;
  const world = fakeTransfers({ keep: () => Promise.resolve(++tried === 0) });
  const { parts } = world.establish('alice', 'bob');
  await world.settle();
  world.calls.left(parts.caller.legId);
  await world.calls.endsTold();
  world.clock.advance(10_000);
  await world.settle();
  expect(tried).toBe(1);
});
