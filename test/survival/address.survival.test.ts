import { expect, test } from 'vitest';
import { type MovingAddress, openMovingAddress } from '../support/moving-address.ts';
import { CALLS, SharedEdges } from '../support/shared-edges.ts';

const edges = new SharedEdges<MovingAddress>(openMovingAddress);

/** Each call agrees to its session anew before it is hung up. */
const changing = { changes: true, talkMs: 8_000, patienceMs: 60_000 };

test('calls go on when their address moves to another machine, while their edge lives on without it', async () => {
  edges.expectAllContent(await edges.talkThrough(() => edges.shared.moveTo(1), changing));
  expect((await edges.expectAllEnded()).size).toBe(1);
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
    await edges.shared.moveTo(1);
    await edges.shared.moveTo(0);
  }, changing);
  edges.expectAllContent(results);
  await edges.expectAllEnded();
  await edges.expectBooksBalance();
});
