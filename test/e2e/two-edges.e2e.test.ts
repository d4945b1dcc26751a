import { readFacts } from '@callweave/bus/testing';
import { bindingAdded, defaultTenant } from '@callweave/contracts';
import getPort from 'get-port';
import { describe, expect, test } from 'vitest';
import { type Baresip, type BaresipOptions } from '../support/baresip.ts';
import { answeredCalls, lastCause } from '../support/call-facts.ts';
import { callLeavingTheOffer } from '../support/gateway.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';
import { isSilent, talks } from '../support/talk.ts';
import { withTone } from '../support/tone-file.ts';
import { until } from '../support/until.ts';
import { startWebPhones } from '../support/web-phone.ts';

const phones = new PhonePlatform({ CALLWEAVE_SIP_PORTS: '0,0' });
const wholeCall = ['initiated', 'routed', 'ringing', 'answered', 'ended'];

type Edge = 'first' | 'second';

function addressOf(edge: Edge): string {
  return phones.platform.sip[edge === 'first' ? 0 : 1] ?? '';
}

/** A phone that is connected to one of the edges, and that nothing else reaches. */
function phoneAt(edge: Edge, user: 'alice' | 'bob', options: Partial<BaresipOptions> = {}): Promise<Baresip> {
  return phones.phone(user, { registrar: addressOf(edge), transport: 'tcp', ...options });
}

function dial(caller: Baresip, edge: Edge, user: string): void {
  caller.command('dial', `sip:${user}@${addressOf(edge)};transport=tcp`);
}

async function isRegistered(user: string): Promise<boolean> {
  const added = bindingAdded.subject({ tenant: defaultTenant, user });
  return (await readFacts(phones.bus, 'REGISTRATIONS', added)).length > 0;
}

/** Alice at the first edge talks to bob at the second. */
async function talking(): Promise<{ alice: Baresip; bob: Baresip }> {
  const alice = await phoneAt('first', 'alice');
  const bob = await phoneAt('second', 'bob');
  dial(alice, 'first', 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await until('another edge could go on with the call', async () => (await answeredCalls(phones.bus)).length === 1);
  return { alice, bob };
}

describe('phones at two edges', () => {
  test.each([
    ['first', 'second', 'caller', 'callee'],
    ['second', 'first', 'callee', 'caller'],
  ] as const)(
    'call from the %s to the %s, the %s holds and comes back, and the %s hangs up',
    async (from, to, ...who) => {
      const caller = await phoneAt(from, from === 'first' ? 'alice' : 'bob', { toneHz: 500 });
      const callee = await phoneAt(to, to === 'first' ? 'alice' : 'bob', { toneHz: 1000 });
      const [holder, leaver] = who.map((side) => (side === 'caller' ? caller : callee));
      dial(caller, from, to === 'first' ? 'alice' : 'bob');
      await Promise.all([caller.waitFor('CALL_ESTABLISHED'), callee.waitFor('CALL_ESTABLISHED')]);
      await Promise.all([hears(caller, 1000), hears(callee, 500)]);
      holder?.command('hold');
      await phones.isTold('held');
      await isSilent(phones, who[0] === 'caller' ? 'callee' : 'caller');
      holder?.command('resume');
      await phones.isTold('resumed');
      await Promise.all([talks(phones, 'caller'), talks(phones, 'callee')]);
      leaver?.command('hangup');
      await Promise.all([caller.waitFor('CALL_CLOSED'), callee.waitFor('CALL_CLOSED')]);
      expect(await phones.toldInAll()).toEqual([...wholeCall.slice(0, -1), 'held', 'resumed', 'ended']);
      expect(await lastCause(phones.bus)).toMatchObject({ by: who[1], reason: 'hang-up' });
    },
  );

  test('hear what a gateway plays before it answers, and go on hearing it', async () => {
    const [gateway] = await addSubscribers(phones.bus, `gateway-${String(await getPort())}-`, 1);
    if (gateway === undefined) throw new Error('no account');
    const alice = await phoneAt('first', 'alice');
    await withTone(1000, async (tone) => {
      const keys = { tone_file: tone, stay_ms: '16000' };
      const about = { remote: addressOf('second'), transport: 'tcp', calls: 1, talkMs: 8_000 } as const;
      const lines = sippLines([gateway]);
      const serving = runSipp({ ...about, scenario: 'register-and-stay', answersWith: 'early-media', keys, lines });
      await until('the gateway is registered', () => isRegistered(gateway.user));
      dial(alice, 'first', gateway.user);
      await hears(alice, 1000);
      expect(alice.events.map(({ type }) => type)).not.toContain('CALL_ESTABLISHED');
      await alice.waitFor('CALL_ESTABLISHED');
      alice.command('hangup');
      const { errors, ...told } = await serving;
      expect(told, errors).toMatchObject({ failed: 0 });
    });
    expect(await phones.toldInAll()).toEqual(wholeCall);
  });

  test('may be left the offer by a gateway, when it calls and in the call', async () => {
    const bob = await phoneAt('second', 'bob');
    await callLeavingTheOffer(phones, addressOf('first'), bob);
    expect(await phones.toldInAll()).toEqual(wholeCall);
  });

  test('stop ringing when the caller gives up', async () => {
    const alice = await phoneAt('first', 'alice');
    const bob = await phoneAt('second', 'bob', { answers: false });
    dial(alice, 'first', 'bob');
    await Promise.all([alice.waitFor('CALL_RINGING'), bob.waitFor('CALL_INCOMING')]);
    alice.command('hangup');
    await bob.waitFor('CALL_CLOSED');
    expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'failed']);
    expect(await lastCause(phones.bus)).toMatchObject({ by: 'caller', reason: 'cancelled' });
  });

  test('take texts', async () => {
    const [sender] = await addSubscribers(phones.bus, `text-${String(await getPort())}-`, 1);
    if (sender === undefined) throw new Error('no account');
    await phoneAt('second', 'bob');
    const about = { remote: addressOf('first'), calls: 1, keys: { callee: 'bob' }, lines: sippLines([sender]) };
    const { errors, ...told } = await runSipp({ ...about, scenario: 'message' });
    expect(told, errors).toMatchObject({ successful: 1, failed: 0 });
  });

  test('tell the caller that they are busy', async () => {
    const alice = await phoneAt('first', 'alice');
    const bob = await phoneAt('second', 'bob', { answers: false });
    dial(alice, 'first', 'bob');
    await bob.waitFor('CALL_INCOMING');
    bob.command('hangup');
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('486');
    expect((await phones.toldInAll()).at(-1)).toBe('failed');
    expect(await lastCause(phones.bus)).toMatchObject({ by: 'callee', reason: 'busy' });
  });

  test.each(['first', 'second'] as const)(
    'ring together, and the one at the %s edge that is picked up has the call',
    async (at) => {
      const alice = await phoneAt('first', 'alice', { toneHz: 500 });
      const desk = await phoneAt('first', 'bob', { answers: false, toneHz: 1000 });
      const mobile = await phoneAt('second', 'bob', { answers: false, toneHz: 1000 });
      dial(alice, 'first', 'bob');
      await Promise.all([desk.waitFor('CALL_INCOMING'), mobile.waitFor('CALL_INCOMING')]);
      const [picked, other] = at === 'first' ? [desk, mobile] : [mobile, desk];
      picked.command('accept');
      await Promise.all([alice.waitFor('CALL_ESTABLISHED'), picked.waitFor('CALL_ESTABLISHED')]);
      await other.waitFor('CALL_CLOSED');
      await Promise.all([hears(alice, 1000), hears(picked, 500)]);
      alice.command('hangup');
      await picked.waitFor('CALL_CLOSED');
      expect(await phones.toldInAll()).toEqual(wholeCall);
    },
  );
});

describe('an edge whose phone is called', () => {
  test('and that dies while it rings leaves the phones at the other ringing', async () => {
    const alice = await phoneAt('first', 'alice');
    const desk = await phoneAt('first', 'bob', { answers: false });
    const mobile = await phoneAt('second', 'bob', { answers: false });
    dial(alice, 'first', 'bob');
    await Promise.all([desk.waitFor('CALL_INCOMING'), mobile.waitFor('CALL_INCOMING')]);
    await phones.platform.kill('edge-signaling-2', 'sip-engine-2');
    desk.command('accept');
    await alice.waitFor('CALL_ESTABLISHED');
    alice.command('hangup');
    await desk.waitFor('CALL_CLOSED');
    expect(await phones.toldInAll()).toEqual(wholeCall);
  });

  test('and that freezes while it rings fails the call within seconds, and stops the phone when it comes back', async () => {
    const alice = await phoneAt('first', 'alice');
    const bob = await phoneAt('second', 'bob', { answers: false });
    dial(alice, 'first', 'bob');
    await Promise.all([alice.waitFor('CALL_RINGING'), bob.waitFor('CALL_INCOMING')]);
    phones.platform.signal('edge-signaling-2', 'SIGSTOP');
    try {
      expect((await alice.waitFor('CALL_CLOSED')).param).toContain('480');
    } finally {
      phones.platform.signal('edge-signaling-2', 'SIGCONT');
    }
    await bob.waitFor('CALL_CLOSED');
    expect((await phones.toldInAll()).at(-1)).toBe('failed');
  });

  test('and that dies while they talk comes back with the call, which the caller ends', async () => {
    const { alice, bob } = await talking();
    await phones.platform.kill('edge-signaling-2');
    alice.command('hangup');
    await bob.waitFor('CALL_CLOSED');
    expect(await phones.toldInAll()).toEqual(wholeCall);
  });

  test('and that dies with its engine while they talk leaves no media behind when the caller hangs up', async () => {
    const { alice } = await talking();
    await phones.platform.kill('edge-signaling-2', 'sip-engine-2');
    alice.command('hangup');
    expect(await phones.toldInAll()).toEqual(wholeCall);
  });
});

test('an edge that dies while its phone calls leaves nobody ringing and no media, and the call has failed once', async () => {
  const alice = await phoneAt('first', 'alice');
  const bob = await phoneAt('second', 'bob', { answers: false });
  dial(alice, 'first', 'bob');
  await Promise.all([alice.waitFor('CALL_RINGING'), bob.waitFor('CALL_INCOMING')]);
  await phones.platform.kill('edge-signaling-1');
  await Promise.all([alice.waitFor('CALL_CLOSED'), bob.waitFor('CALL_CLOSED')]);
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'failed']);
  expect(await lastCause(phones.bus)).toEqual({ by: 'platform', reason: 'node-lost' });
});

test('an edge that dies with its engine while its phone talks leaves the call to whoever comes next, and the callee ends it', async () => {
  const { bob } = await talking();
  await phones.platform.kill('edge-signaling-1', 'sip-engine-1');
  bob.command('hangup');
  await bob.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(wholeCall);
  expect(await lastCause(phones.bus)).toMatchObject({ by: 'callee', reason: 'hang-up' });
});

test('an edge that dies while its phone talks comes back, and hangs it up when the callee has hung up meanwhile', async () => {
  const { alice, bob } = await talking();
  const back = phones.platform.kill('edge-signaling-1');
  bob.command('hangup');
  await back;
  await Promise.all([alice.waitFor('CALL_CLOSED'), bob.waitFor('CALL_CLOSED')]);
  expect(await phones.toldInAll()).toEqual(wholeCall);
  expect(await lastCause(phones.bus)).toMatchObject({ by: 'callee', reason: 'hang-up' });
});

test('a browser at the other edge is called, and when its page is closed the phone is hung up', async () => {
  const browser = await startWebPhones(700);
  try {
    const account = phones.platform.accounts.find(({ user }) => user === 'alice') ?? expect.fail('no alice');
    const about = { domain: '127.0.0.1', server: phones.platform.ws[1] ?? '' };
    const alice = await browser.open({ ...account, ...about });
    await alice.waitFor('registered');
    const bob = await phoneAt('first', 'bob', { toneHz: 1000 });
    dial(bob, 'first', 'alice');
    await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
    await Promise.all([alice.hears(1000), hears(bob, 700)]);
    await alice.close();
    await until('the phone is hung up', () => bob.events.some(({ type }) => type === 'CALL_CLOSED'), 30_000);
    expect(await phones.toldInAll()).toEqual(wholeCall);
    expect(await lastCause(phones.bus)).toEqual({ by: 'platform', reason: 'unreachable' });
  } finally {
    await browser.close();
  }
});
