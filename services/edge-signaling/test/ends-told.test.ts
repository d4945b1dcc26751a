import { expect, test } from 'vitest';
import { fakeTransfers } from './fake-transfer.ts';

test('an edge that is stopped waits until the ends that have begun are told, and for no call that goes on', async () => {
  const world = fakeTransfers();
  const ending = world.establish('alice', 'bob');
  world.establish('carol', 'dave');
  world.calls.left(ending.parts.caller.legId);
  expect(world.seen).not.toContain('told ended caller hang-up');
  await world.calls.endsTold();
  expect(world.seen).toContain('told ended caller hang-up');
  expect(world.calls.size).toBe(1);
});
