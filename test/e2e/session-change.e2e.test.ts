import getPort from 'get-port';
import { expect, test } from 'vitest';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';
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
  await phones.isTold('ended');
  expect(await phones.told()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'ended']);
});

test('SIPp phones change their session by re-INVITE of either side and UPDATE of the caller; glare and a refusal change nothing', async () => {
  const remote = phones.edge;
  const localPort = await getPort({ host: '127.0.0.1' });
  const [caller, callee] = await addSubscribers(phones.bus, `changer-${String(localPort)}-`, 2);
  if (caller === undefined || callee === undefined) throw new Error('no accounts');
  const registered = await runSipp({ scenario: 'register', remote, calls: 1, lines: sippLines([callee]), localPort });
  expect(registered).toMatchObject({ successful: 1 });
  const stop = new AbortController();
  const answering = runSipp({ scenario: 'answer-changes', remote, calls: 1, localPort, signal: stop.signal });
  const keys = { callee: callee.user };
  const lines = sippLines([caller]);
  const called = await runSipp({ scenario: 'change-session', remote, calls: 1, keys, lines, signal: stop.signal });
  // Who was not called waits for ever.
  if (called.successful === 0) stop.abort();
  const answered = await answering;
  expect([called.errors, answered.errors]).toEqual(['', '']);
  expect([called, answered]).toMatchObject([{ successful: 1 }, { successful: 1 }]);
  await phones.isTold('ended');
  expect(await phones.told()).toEqual([
    'initiated',
    'routed',
    'ringing',
    'answered',
    'held',
    'resumed',
    'held',
    'ended',
  ]);
});
