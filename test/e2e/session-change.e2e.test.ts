import getPort from 'get-port';
import { expect, test } from 'vitest';
import { openCalls } from '../support/call-facts.ts';
import { packetsFrom } from '../support/media-sessions.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';
import { until } from '../support/until.ts';

/** One every 20 ms. */
const PACKETS_PER_SEC = 50;

const phones = new PhonePlatform();

/** Packets that came from one side so far. */
async function packets(side: 'caller' | 'callee'): Promise<number> {
  const [call] = await openCalls(phones.bus);
  const leg = call?.legs[side === 'caller' ? 0 : 1] ?? '';
  return (await packetsFrom(phones.platform, call?.callId ?? '')).get(leg) ?? 0;
}

/** A second of speech more than there was. */
async function talks(side: 'caller' | 'callee'): Promise<void> {
  const known = await packets(side);
  await until(`the ${side} talks`, async () => (await packets(side)) > known + PACKETS_PER_SEC);
}

/** No packet comes any more, where one came every 20 ms. */
async function isSilent(side: 'caller' | 'callee'): Promise<void> {
  let known = -1;
  let unchanged = 0;
  await until(`the ${side} is silent`, async () => {
    const count = await packets(side);
    unchanged = count === known ? unchanged + 1 : 0;
    known = count;
    return unchanged === 20;
  });
}

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
  await isSilent(held);
  holding.command('resume');
  await phones.isTold('resumed');
  await Promise.all([talks(holder), talks(held)]);
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
