import { type Connection } from '@callweave/bus';
import getPort from 'get-port';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Baresip, type BaresipOptions, startBaresip } from '../support/baresip.ts';
import { callKinds, openCalls } from '../support/call-facts.ts';
import { mediaSessions, packetsFrom } from '../support/media-sessions.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';
import { toneShare } from '../support/tone.ts';
import { until } from '../support/until.ts';

const SAMPLES_PER_SEC = 8_000;
/** One every 20 ms. */
const PACKETS_PER_SEC = 50;

let platform: Platform;
let bus: Connection;
const phones: Baresip[] = [];
let before: ReadonlySet<string>;

beforeAll(async () => {
  platform = await startPlatform();
  bus = await platform.bus();
});

afterAll(async () => {
  await platform.stop();
});

beforeEach(async () => {
  before = new Set((await callKinds(bus)).keys());
});

afterEach(async () => {
  await Promise.all(phones.splice(0).map((phone) => phone.quit()));
  await until(
    'nothing is left of any call',
    async () => (await mediaSessions(platform)) + (await openCalls(bus)).length === 0,
  );
});

async function phone(user: 'alice' | 'bob', options: Partial<BaresipOptions> = {}): Promise<Baresip> {
  const account = platform.accounts.find((known) => known.user === user);
  if (account === undefined) throw new Error(`no account ${user}`);
  const started = await startBaresip({ ...account, registrar: platform.sip[0] ?? '', ...options });
  phones.push(started);
  await started.waitFor('REGISTER_OK');
  return started;
}

/** What has been told of the one call of this test. */
async function told(): Promise<string[]> {
  const calls = [...(await callKinds(bus))].filter(([callId]) => !before.has(callId));
  expect(calls.length).toBeLessThan(2);
  return calls[0]?.[1] ?? [];
}

async function isTold(kind: string, times = 1): Promise<void> {
  await until(`${kind} is told`, async () => (await told()).filter((each) => each === kind).length === times);
}

async function hears(listener: Baresip, hz: number): Promise<void> {
  await until(`a tone of ${String(hz)} Hz`, () => {
    const heard = listener.heard();
    return heard.length > SAMPLES_PER_SEC && toneShare(heard, hz) > 0.5;
  });
}

/** Packets that came from one side so far. */
async function packets(side: 'caller' | 'callee'): Promise<number> {
  const [call] = await openCalls(bus);
  const leg = call?.legs[side === 'caller' ? 0 : 1] ?? '';
  return (await packetsFrom(platform, call?.callId ?? '')).get(leg) ?? 0;
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
  const alice = await phone('alice', { toneHz: 500 });
  const bob = await phone('bob', { toneHz: 1000 });
  alice.command('dial', `sip:bob@${platform.sip[0] ?? ''}`);
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([hears(alice, 1000), hears(bob, 500)]);
  const holding = holder === 'caller' ? alice : bob;
  holding.command('hold');
  await isTold('held');
  await isSilent(held);
  holding.command('resume');
  await isTold('resumed');
  await Promise.all([talks(holder), talks(held)]);
  alice.command('hangup');
  await bob.waitFor('CALL_CLOSED');
  await isTold('ended');
  expect(await told()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'ended']);
});

test('SIPp phones change their session by re-INVITE of either side and UPDATE of the caller; glare and a refusal change nothing', async () => {
  const remote = platform.sip[0] ?? '';
  const localPort = await getPort({ host: '127.0.0.1' });
  const [caller, callee] = await addSubscribers(bus, `changer-${String(localPort)}-`, 2);
  if (caller === undefined || callee === undefined) throw new Error('no accounts');
  const registered = await runSipp({ scenario: 'register', remote, calls: 1, lines: sippLines([callee]), localPort });
  expect(registered).toMatchObject({ successful: 1 });
  const stop = new AbortController();
  const answering = runSipp({ scenario: 'answer-changes', remote, calls: 1, localPort, signal: stop.signal });
  const keys = { callee: callee.user };
  const giveUp = setTimeout(() => stop.abort(), 60_000);
  const lines = sippLines([caller]);
  const called = await runSipp({ scenario: 'change-session', remote, calls: 1, keys, lines, signal: stop.signal });
  const answered = await answering;
  clearTimeout(giveUp);
  expect([called.errors, answered.errors]).toEqual(['', '']);
  expect([called, answered]).toMatchObject([{ successful: 1 }, { successful: 1 }]);
  await isTold('ended');
  expect(await told()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'held', 'ended']);
});
