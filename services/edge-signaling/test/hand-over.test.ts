import { expect, test } from 'vitest';
import { handOver } from '../src/survive/hand-over.ts';
import { fakeTransfers } from './fake-transfer.ts';

const stored = { lend: () => Promise.resolve() };

test('a call that another edge wants is noted down and let go of without a word to anybody', async () => {
  const world = fakeTransfers();
  const call = world.establish('alice', 'bob');
  const lent: unknown[] = [];
  const records = { lend: (...asked: unknown[]) => Promise.resolve(void lent.push(...asked)) };
  expect(await handOver(call, records)).toEqual({ kind: 'yielded', caller: 'v=0 alice', callee: 'v=0 bob' });
  await world.settle();
  expect(lent).toMatchObject([{ callId: call.parts.callId }, { sequence: 4 }]);
  expect(world.seen).toEqual(['alice is let go of', 'bob is let go of']);
  expect(world.calls.size).toBe(0);
});

test('one that is being joined with another call is kept: of two edges that ask each other both are refused', async () => {
  const world = fakeTransfers();
  const call = world.establish('alice', 'bob');
  await world.from('bob', 'REFER', { 'refer-to': '<sip:carol@d>' });
  expect(await handOver(call, stored)).toEqual({ kind: 'busy' });
  expect(world.calls.size).toBe(1);
});

test('one whose session is changing is kept', async () => {
  const world = fakeTransfers();
  const call = world.establish('alice', 'bob');
  await world.from('bob', 'INVITE');
  expect(await handOver(call, stored)).toEqual({ kind: 'busy' });
});

test('while it is noted down nobody can change it, and who hangs up ends it here', async () => {
  const world = fakeTransfers();
  const call = world.establish('alice', 'bob');
  const lend = async (): Promise<void> => {
    await world.from('bob', 'INVITE');
    await world.hangsUp('alice');
  };
  expect(await handOver(call, { lend })).toEqual({ kind: 'not-held' });
  expect(world.seen.slice(0, 3)).toEqual(['bob is answered 491', 'alice is hung up', 'bob is hung up']);
  expect(await handOver(call, stored)).toEqual({ kind: 'not-held' });
});
