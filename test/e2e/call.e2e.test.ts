import { type Connection } from '@callweave/bus';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Baresip, type BaresipEvent, type BaresipOptions, startBaresip } from '../support/baresip.ts';
import { callKinds, openCalls, lastCause } from '../support/call-facts.ts';
import { mediaSessions } from '../support/media-sessions.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { addSubscribers } from '../support/subscribers.ts';
import { toneShare } from '../support/tone.ts';
import { until } from '../support/until.ts';

let platform: Platform;
let bus: Connection;
const phones: Baresip[] = [];
let before = 0;

beforeAll(async () => {
  platform = await startPlatform({ CALLWEAVE_ROUTING_RING_SEC: '2' });
  bus = await platform.bus();
  await addSubscribers(bus, 'absent', 1);
});

afterAll(async () => {
  await platform.stop();
});

beforeEach(async () => {
  before = (await callKinds(bus)).size;
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

function dial(caller: Baresip, user: string): void {
  caller.command('dial', `sip:${user}@${platform.sip[0] ?? ''}`);
}

/** The events of the one call since the test began, when it is over. */
async function toldOfTheCall(): Promise<string[]> {
  const isOver = (kinds: readonly string[] | undefined): boolean => /ended|failed/.test(kinds?.at(-1) ?? '');
  await until('the call is over', async () => isOver([...(await callKinds(bus)).values()][before]));
  const calls = [...(await callKinds(bus)).values()];
  expect(calls).toHaveLength(before + 1);
  return calls[before] ?? [];
}

async function hears(listener: Baresip, hz: number): Promise<void> {
  await until(
    `a tone of ${String(hz)} Hz`,
    () => listener.heard().length > 12_000 && toneShare(listener.heard(), hz) > 0.5,
  );
}

/** Calls bob once; whether he answered. */
async function isAnswered(alice: Baresip): Promise<boolean> {
  const closed = alice.events.filter(({ type }) => type === 'CALL_CLOSED').length;
  dial(alice, 'bob');
  const outcome = (): BaresipEvent | undefined =>
    alice.events.findLast(({ type }) => type === 'CALL_ESTABLISHED') ??
    alice.events.filter(({ type }) => type === 'CALL_CLOSED')[closed];
  await until('the call is answered or refused', () => outcome() !== undefined);
  return outcome()?.type === 'CALL_ESTABLISHED';
}

const answeredCall = ['initiated', 'routed', 'ringing', 'answered', 'ended'];

describe('two phones', () => {
  test('hear each other through rtpengine until the caller hangs up', async () => {
    const alice = await phone('alice', { toneHz: 500 });
    const bob = await phone('bob', { toneHz: 1000 });
    dial(alice, 'bob');
    await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
    expect(await mediaSessions(platform)).toBe(1);
    await Promise.all([hears(alice, 1000), hears(bob, 500)]);
    alice.command('hangup');
    await bob.waitFor('CALL_CLOSED');
    expect(await toldOfTheCall()).toEqual(answeredCall);
    expect(await lastCause(bus)).toEqual({ by: 'caller', reason: 'hang-up' });
  });

  test('are released when the callee hangs up', async () => {
    const alice = await phone('alice');
    const bob = await phone('bob');
    dial(alice, 'bob');
    await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
    bob.command('hangup');
    await alice.waitFor('CALL_CLOSED');
    expect(await toldOfTheCall()).toEqual(answeredCall);
    expect(await lastCause(bus)).toEqual({ by: 'callee', reason: 'hang-up' });
  });

  test('stop ringing when the caller gives up', async () => {
    const alice = await phone('alice');
    const bob = await phone('bob', { answers: false });
    dial(alice, 'bob');
    await bob.waitFor('CALL_INCOMING');
    await alice.waitFor('CALL_RINGING');
    alice.command('hangup');
    await bob.waitFor('CALL_CLOSED');
    expect((await toldOfTheCall()).at(-1)).toBe('failed');
    expect(await lastCause(bus)).toMatchObject({ by: 'caller', reason: 'cancelled' });
  });

  test('are told when the other declines', async () => {
    const alice = await phone('alice');
    const bob = await phone('bob', { answers: false });
    dial(alice, 'bob');
    await bob.waitFor('CALL_INCOMING');
    bob.command('hangup');
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('486');
    expect((await toldOfTheCall()).at(-1)).toBe('failed');
    expect(await lastCause(bus)).toMatchObject({ by: 'callee', reason: 'busy' });
  });

  test('ring no longer than the dial plan says', async () => {
    const alice = await phone('alice');
    const bob = await phone('bob', { answers: false });
    dial(alice, 'bob');
    await bob.waitFor('CALL_INCOMING');
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('480');
    await bob.waitFor('CALL_CLOSED');
    await toldOfTheCall();
    expect(await lastCause(bus)).toMatchObject({ reason: 'no-answer' });
  });

  test('without a codec in common are told 488', async () => {
    const alice = await phone('alice', { codec: 'PCMA/8000/1' });
    await phone('bob');
    dial(alice, 'bob');
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('488');
    await toldOfTheCall();
  });
});

describe('a call', () => {
  test.each([
    ['nobody', '404', 'not-found'],
    ['absent0', '480', 'unreachable'],
  ])('to %s is refused with %s', async (user, status, reason) => {
    const alice = await phone('alice');
    dial(alice, user);
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain(status);
    expect(await toldOfTheCall()).toEqual(['initiated', 'failed']);
    expect(await lastCause(bus)).toMatchObject({ reason });
  });

  test('to echo returns what the caller says', async () => {
    const alice = await phone('alice', { toneHz: 700 });
    dial(alice, 'echo');
    await alice.waitFor('CALL_ESTABLISHED');
    await hears(alice, 700);
    alice.command('hangup');
    expect((await toldOfTheCall()).at(-1)).toBe('ended');
  });

  test('to playback plays the melody', async () => {
    const alice = await phone('alice', { toneHz: 300 });
    dial(alice, 'playback');
    await alice.waitFor('CALL_ESTABLISHED');
    // A tone that fills half of the second has a quarter of its power.
    await until('half a second of 600 Hz and half a second of 900 Hz', () => {
      const heard = alice.heard();
      return heard.length > 8_000 && Math.min(toneShare(heard, 600), toneShare(heard, 900)) > 0.2;
    });
    alice.command('hangup');
    expect((await toldOfTheCall()).at(-1)).toBe('ended');
  });
});

describe('when what is behind the edge is away', () => {
  test('a call is told 503 while no rtpengine answers, and goes through afterwards', async () => {
    const alice = await phone('alice');
    await phone('bob');
    platform.signal('rtpengine', 'SIGSTOP');
    dial(alice, 'bob');
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('503');
    platform.signal('rtpengine', 'SIGCONT');
    await until('a call is answered again', () => isAnswered(alice));
    alice.command('hangup');
  });

  test('a call is told 503 while the bus is frozen, and goes through afterwards', async () => {
    const alice = await phone('alice');
    await phone('bob');
    platform.signal('nats-server', 'SIGSTOP');
    dial(alice, 'bob');
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('503');
    platform.signal('nats-server', 'SIGCONT');
    await until('a call is answered again', () => isAnswered(alice));
    alice.command('hangup');
  });
});
