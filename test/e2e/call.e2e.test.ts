import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Baresip, type BaresipEvent } from '../support/baresip.ts';
import { lastCause } from '../support/call-facts.ts';
import { mediaSessions } from '../support/media-sessions.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';
import { toneShare } from '../support/tone.ts';
import { until } from '../support/until.ts';

const phones = new PhonePlatform({ CALLWEAVE_ROUTING_RING_SEC: '5' });

beforeAll(async () => {
  await addSubscribers(phones.bus, 'absent', 1);
});

/** Calls bob once; whether he answered. */
async function isAnswered(alice: Baresip): Promise<boolean> {
  const closed = alice.events.filter(({ type }) => type === 'CALL_CLOSED').length;
  phones.dial(alice, 'bob');
  const outcome = (): BaresipEvent | undefined =>
    alice.events.findLast(({ type }) => type === 'CALL_ESTABLISHED') ??
    alice.events.filter(({ type }) => type === 'CALL_CLOSED')[closed];
  await until('the call is answered or refused', () => outcome() !== undefined);
  return outcome()?.type === 'CALL_ESTABLISHED';
}

const answeredCall = ['initiated', 'routed', 'ringing', 'answered', 'ended'];

describe('two phones', () => {
  test('hear each other through rtpengine until the caller hangs up', async () => {
    const alice = await phones.phone('alice', { toneHz: 500 });
    const bob = await phones.phone('bob', { toneHz: 1000 });
    phones.dial(alice, 'bob');
    await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
    expect(await mediaSessions(phones.platform)).toBe(1);
    await Promise.all([hears(alice, 1000), hears(bob, 500)]);
    alice.command('hangup');
    await bob.waitFor('CALL_CLOSED');
    expect(await phones.toldInAll()).toEqual(answeredCall);
    expect(await lastCause(phones.bus)).toEqual({ by: 'caller', reason: 'hang-up' });
  });

  test('are released when the callee hangs up', async () => {
    const alice = await phones.phone('alice');
    const bob = await phones.phone('bob');
    phones.dial(alice, 'bob');
    await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
    bob.command('hangup');
    await alice.waitFor('CALL_CLOSED');
    expect(await phones.toldInAll()).toEqual(answeredCall);
    expect(await lastCause(phones.bus)).toEqual({ by: 'callee', reason: 'hang-up' });
  });

  test('stop ringing when the caller gives up', async () => {
    const alice = await phones.phone('alice');
    const bob = await phones.phone('bob', { answers: false });
    phones.dial(alice, 'bob');
    await bob.waitFor('CALL_INCOMING');
    await alice.waitFor('CALL_RINGING');
    alice.command('hangup');
    await bob.waitFor('CALL_CLOSED');
    expect((await phones.toldInAll()).at(-1)).toBe('failed');
    expect(await lastCause(phones.bus)).toMatchObject({ by: 'caller', reason: 'cancelled' });
  });

  test('are told when the other declines', async () => {
    const alice = await phones.phone('alice');
    const bob = await phones.phone('bob', { answers: false });
    phones.dial(alice, 'bob');
    await bob.waitFor('CALL_INCOMING');
    bob.command('hangup');
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('486');
    expect((await phones.toldInAll()).at(-1)).toBe('failed');
    expect(await lastCause(phones.bus)).toMatchObject({ by: 'callee', reason: 'busy' });
  });

  test('ring no longer than the dial plan says', async () => {
    const alice = await phones.phone('alice');
    const bob = await phones.phone('bob', { answers: false });
    phones.dial(alice, 'bob');
    await bob.waitFor('CALL_INCOMING');
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('480');
    await bob.waitFor('CALL_CLOSED');
    await phones.toldInAll();
    expect(await lastCause(phones.bus)).toMatchObject({ reason: 'no-answer' });
  });

  test('without a codec in common are told 488', async () => {
    const alice = await phones.phone('alice', { codec: 'PCMA/8000/1' });
    await phones.phone('bob');
    phones.dial(alice, 'bob');
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('488');
    await phones.toldInAll();
  });
});

describe('a call', () => {
  test.each([
    ['nobody', '404', 'not-found'],
    ['absent0', '480', 'unreachable'],
  ])('to %s is refused with %s', async (user, status, reason) => {
    const alice = await phones.phone('alice');
    phones.dial(alice, user);
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain(status);
    expect(await phones.toldInAll()).toEqual(['initiated', 'failed']);
    expect(await lastCause(phones.bus)).toMatchObject({ reason });
  });

  test('to echo returns what the caller says', async () => {
    const alice = await phones.phone('alice', { toneHz: 700 });
    phones.dial(alice, 'echo');
    await alice.waitFor('CALL_ESTABLISHED');
    await hears(alice, 700);
    alice.command('hangup');
    expect((await phones.toldInAll()).at(-1)).toBe('ended');
  });

  test('to playback plays the melody', async () => {
    const alice = await phones.phone('alice', { toneHz: 300 });
    phones.dial(alice, 'playback');
    await alice.waitFor('CALL_ESTABLISHED');
    // A tone that fills half of the second has a quarter of its power.
    await until('half a second of 600 Hz and half a second of 900 Hz', () => {
      const heard = alice.heard();
      return heard.length > 8_000 && Math.min(toneShare(heard, 600), toneShare(heard, 900)) > 0.2;
    });
    alice.command('hangup');
    expect((await phones.toldInAll()).at(-1)).toBe('ended');
  });

  test.each([
    ['app-server', 'SIGKILL'],
    ['app-server', 'SIGTERM'],
    ['media-engine', 'SIGKILL'],
    ['media-engine', 'SIGTERM'],
  ] as const)('goes on when its %s gets %s, and the caller hears it again', async (who, signal) => {
    const alice = await phones.phone('alice', { toneHz: 700 });
    phones.dial(alice, 'echo');
    await alice.waitFor('CALL_ESTABLISHED');
    await hears(alice, 700);
    phones.platform.signal(who, signal);
    await phones.isTold('transferred');
    const before = alice.heard().length;
    await until('a second of what she says comes back', () => {
      const heard = alice.heard().subarray(-8_000);
      return alice.heard().length > before + heard.length && toneShare(heard, 700) > 0.8;
    });
    alice.command('hangup');
    expect((await phones.toldInAll()).slice(-3)).toEqual(['answered', 'transferred', 'ended']);
  });
});

describe('when what is behind the edge is away', () => {
  test('phones call each other all the same without a registrar', async () => {
    const alice = await phones.phone('alice');
    const bob = await phones.phone('bob');
    const registrars = phones.platform.processes().filter(({ name }) => name.startsWith('registrar'));
    for (const { name } of registrars) phones.platform.signal(name, 'SIGSTOP');
    phones.dial(alice, 'bob');
    await Promise.all([alice, bob].map((phone) => phone.waitFor('CALL_ESTABLISHED')));
    for (const { name } of registrars) phones.platform.signal(name, 'SIGCONT');
    alice.command('hangup');
    await bob.waitFor('CALL_CLOSED');
    expect(await phones.toldInAll()).toEqual(answeredCall);
  });

  test('a call is told 503 while no rtpengine answers, and goes through afterwards', async () => {
    const alice = await phones.phone('alice');
    await phones.phone('bob');
    phones.platform.signal('rtpengine', 'SIGSTOP');
    phones.dial(alice, 'bob');
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('503');
    phones.platform.signal('rtpengine', 'SIGCONT');
    await until('a call is answered again', () => isAnswered(alice));
    alice.command('hangup');
  });

  test('a call and a registration are told 503 while the bus is frozen, and go through afterwards', async () => {
    const alice = await phones.phone('alice');
    await phones.phone('bob');
    const lines = sippLines(phones.platform.accounts);
    phones.platform.signal('nats-server', 'SIGSTOP');
    phones.dial(alice, 'bob');
    const trace = join(phones.platform.stateDir, 'frozen.log');
    const registering = runSipp({ scenario: 'register', remote: phones.edge, calls: 1, lines, trace });
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('503');
    await until('the registration is refused', () => readFileSync(trace, 'utf8').includes('SIP/2.0 503 '));
    phones.platform.signal('nats-server', 'SIGCONT');
    expect(await registering).toMatchObject({ successful: 1, failed: 0 });
    await until('a call is answered again', () => isAnswered(alice));
    alice.command('hangup');
  });
});
