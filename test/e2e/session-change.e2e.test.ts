import { expect, test } from 'vitest';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { isSilent, talks } from '../support/talk.ts';

const phones = new PhonePlatform();

test.each([
  ['caller', 'callee'],
  ['callee', 'caller'],
] as const)('the %s of two phones puts the %s on hold, who falls silent, and comes back', async (holder, held) => {
  const alice = await phones.phone('alice', { toneHz: 500 });
  const bob = await phones.phone('bob', { toneHz: 1000 });
  phones.dial(alice, 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([hears(alice, 1000), hears(bob, 500)]);
  const holding = holder === 'caller' ? alice : bob;
  holding.command('hold');
  await phones.isTold('held');
  await isSilent(phones, held);
  holding.command('resume');
  await phones.isTold('resumed');
  await Promise.all([talks(phones, holder), talks(phones, held)]);
  alice.command('hangup');
  await bob.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'ended']);
});
