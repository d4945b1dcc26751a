import { expect, test } from 'vitest';
import { type MovingAddress, openMovingAddress } from '../support/moving-address.ts';
import { CALLS, SharedEdges } from '../support/shared-edges.ts';

const edges = new SharedEdges<MovingAddress>(openMovingAddress);

/** Each call agrees to its session anew before it is hung up. */
const changing = { changes: true, talkMs: 8_000, patienceMs: 60_000 };

/** Leads the address to a machine; a call that begins then is had by the edge there. */
async function moveTo(machine: 0 | 1): Promise<void> {
  await edges.shared.moveTo(machine);
  const [called] = await edges.others.talk({ calls: 1, talkMs: 100 });
  expect(called, called.errors).toMatchObject({ successful: 1 });
}

test('calls go on when their address moves to another machine, while their edge lives on without it', async () => {
  edges.expectAllContent(await edges.talkThrough(() => moveTo(1), changing));
  // That of the calls, and that of the one which began there.
  expect((await edges.expectAllEnded(CALLS + 1)).size).toBe(2);
  expect(await edges.adopted(edges.second)).toBe(0);
});

test('calls go on when their edge dies and their address moves to the machine of another', async () => {
  const results = await edges.talkThrough(async () => {
    await edges.first.kill();
    await edges.shared.moveTo(1);
  }, changing);
  edges.expectAllContent(results);
  await edges.expectAllEnded();
  expect(await edges.adopted(edges.second)).toBe(CALLS);
});

test('calls go on when their address moves away and back', async () => {
  const results = await edges.talkThrough(async () => {
    await moveTo(1);
    await moveTo(0);
  }, changing);
  edges.expectAllContent(results);
  expect((await edges.expectAllEnded(CALLS + 2)).size).toBe(2);
  await edges.expectBooksBalance();
});
