import { expect, test, vi } from 'vitest';
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

test('a call that a side had left before its edge died was talked until then, not until somebody took it over', async () => {
  const world = fakeTransfers();
  const call = world.establish('alice', 'bob');
  const ended = vi.spyOn(call.teller, 'ended');
  call.left('caller', undefined, call.parts.answeredAtMs + 1_500);
  await world.calls.endsTold();
  expect(ended).toHaveBeenCalledWith(expect.objectContaining({ by: 'caller' }), 1_500, undefined);
});
