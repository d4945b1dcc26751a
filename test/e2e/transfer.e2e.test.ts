import getPort from 'get-port';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { answeredCalls, legOf } from '../support/call-facts.ts';
import { freePhonePort } from '../support/free-port.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, type LoadAccount, sippLines } from '../support/subscribers.ts';
import { until } from '../support/until.ts';
import { startWebPhones, type WebPhone, type WebPhones } from '../support/web-phone.ts';

const BROWSER_HZ = 1500;

const phones = new PhonePlatform();
let browser: WebPhones | undefined;
const pages: WebPhone[] = [];

beforeAll(async () => {
  browser = await startWebPhones(BROWSER_HZ);
});

afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.close()));
});

afterAll(async () => {
  await browser?.close();
});

/** Somebody else than alice and bob. */
async function account(name: string): Promise<LoadAccount> {
  const [added] = await addSubscribers(phones.bus, `${name}-${String(await getPort())}-`, 1);
  if (added === undefined) throw new Error('no account');
  return added;
}

/** A page that is registered, and closed after the test. */
async function webPhone(as?: LoadAccount): Promise<WebPhone> {
  const phone = await browser?.open({
    ...(as ?? (await account('page'))),
    domain: '127.0.0.1',
    server: phones.platform.ws[0] ?? '',
    answers: true,
  });
  if (phone === undefined) throw new Error('no browser');
  pages.push(phone);
  await phone.waitFor('registered');
  return phone;
}

/** All of this test's calls, when they are over. */
async function toldOfEach(): Promise<string[][]> {
  const areOver = async (): Promise<boolean> =>
    (await phones.toldOfEach()).every((kinds) => /ended|failed/.test(kinds.at(-1) ?? ''));
  await until('the calls are over', areOver);
  return phones.toldOfEach();
}

test('a caller sends the other phone to a third one, and those two go on', async () => {
  const alice = await phones.phone('alice', { toneHz: 500 });
  const bob = await phones.phone('bob', { toneHz: 1000 });
  const target = await account('target');
  const carol = await phones.phone(target, { toneHz: 700 });
  phones.dial(alice, 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([hears(alice, 1000), hears(bob, 500)]);
  alice.command('transfer', `sip:${target.user}@${phones.edge}`);
  await Promise.all([carol.waitFor('CALL_ESTABLISHED'), alice.waitFor('CALL_CLOSED')]);
  await Promise.all([hears(bob, 700), hears(carol, 1000)]);
  carol.command('hangup');
  await bob.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'transferred', 'ended']);
});

test('a callee keeps the other phone on hold and sends it to a third one, which hears it', async () => {
  const alice = await phones.phone('alice', { toneHz: 500 });
  const bob = await phones.phone('bob');
  const target = await account('target');
  const carol = await phones.phone(target);
  phones.dial(alice, 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  bob.command('hold');
  await phones.isTold('held');
  bob.command('transfer', `sip:${target.user}@${phones.edge}`);
  await bob.waitFor('CALL_CLOSED');
  await hears(carol, 500);
  alice.command('hangup');
  await carol.waitFor('CALL_CLOSED');
  const before = ['initiated', 'routed', 'ringing', 'answered', 'held'];
  expect(await phones.toldInAll()).toEqual([...before, 'transferred', 'resumed', 'ended']);
});

test('a phone whose referrals are wrong or lead nowhere stays in its call; it hangs up while the target rings, and that one has its place', async () => {
  const localPort = await freePhonePort();
  const [referring, target] = [await account('referring'), await account('target')];
  const about = { remote: phones.edge, calls: 1, localPort };
  const registered = await runSipp({ ...about, scenario: 'register', lines: sippLines([referring]) });
  expect(registered).toMatchObject({ successful: 1 });
  const alice = await phones.phone('alice', { toneHz: 500 });
  const carol = await phones.phone(target, { toneHz: 1000, answers: false });
  const refers = runSipp({ ...about, scenario: 'refer', keys: { target: target.user } });
  phones.dial(alice, referring.user);
  const { errors, ...told } = await refers;
  expect(told, errors).toMatchObject({ successful: 1, failed: 0 });
  carol.command('accept');
  await Promise.all([hears(alice, 1000), hears(carol, 500)]);
  alice.command('hangup');
  await carol.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'answered', 'transferred', 'ended']);
});

test('a phone sends a browser on to another phone', async () => {
  const alice = await webPhone();
  const bob = await phones.phone('bob', { toneHz: 500 });
  const target = await account('target');
  const carol = await phones.phone(target, { toneHz: 1000 });
  await alice.call('bob');
  await alice.waitFor('established');
  await alice.hears(500);
  bob.command('transfer', `sip:${target.user}@${phones.edge}`);
  await bob.waitFor('CALL_CLOSED');
  await Promise.all([alice.hears(1000), hears(carol, BROWSER_HZ)]);
  carol.command('hangup');
  await alice.waitFor('ended by remote');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'transferred', 'ended']);
});

interface Party {
  readonly user: string;
  readonly hz: number;
  hears(hz: number): Promise<void>;
  hangUp(): void;
  isHungUp(): Promise<void>;
}

async function party(kind: 'phone' | 'browser', hz: number): Promise<Party> {
  const { user, password } = await account(kind);
  if (kind === 'phone') {
    const phone = await phones.phone({ user, password }, { toneHz: hz });
    const isHungUp = async (): Promise<void> => {
      await phone.waitFor('CALL_CLOSED');
    };
    return { user, hz, hears: (other) => hears(phone, other), hangUp: () => phone.command('hangup'), isHungUp };
  }
  const page = await webPhone({ user, password });
  const isHungUp = async (): Promise<void> => page.waitFor('ended by remote');
  return { user, hz: BROWSER_HZ, hears: (other) => page.hears(other), hangUp: () => void page.hangUp(), isHungUp };
}

test.each([
  ['phone', 'phone'],
  ['phone', 'browser'],
  ['browser', 'phone'],
  ['browser', 'browser'],
] as const)('a browser that talks to a %s and a %s joins them and is out of both calls', async (...kinds) => {
  const alice = await webPhone();
  const [first, second] = await Promise.all([party(kinds[0], 700), party(kinds[1], 1000)]);
  await alice.call(first.user);
  await alice.waitFor('established');
  await first.hears(BROWSER_HZ);
  await alice.call(second.user);
  await alice.waitFor('established', 2);
  await second.hears(BROWSER_HZ);
  await alice.join();
  await alice.waitFor('transfer accepted');
  await alice.waitFor('ended by remote', 2);
  await Promise.all([first.hears(second.hz), second.hears(first.hz)]);
  first.hangUp();
  await second.isHungUp();
  const whole = ['initiated', 'routed', 'ringing', 'answered'];
  expect(await toldOfEach()).toEqual([
    [...whole, 'transferred', 'ended'],
    [...whole, 'ended'],
  ]);
});

test('a browser takes the place of a phone in its call; one that does not exist has no place, and a call is not early', async () => {
  const dave = await webPhone();
  const alice = await phones.phone('alice', { toneHz: 500 });
  const bob = await phones.phone('bob', { toneHz: 1000 });
  phones.dial(alice, 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await hears(alice, 1000);
  await until('the call is stored', async () => (await answeredCalls(phones.bus)).length === 1);
  const [call] = await answeredCalls(phones.bus);
  const { sipCallId, legId: localTag, remoteTag } = legOf(call, 1);
  const dialog = `${sipCallId};to-tag=${localTag};from-tag=${remoteTag}`;
  await dave.call('bob', `${dialog}x`);
  await dave.waitFor('failed: SIP Failure Code 481');
  await dave.call('bob', `${dialog};early-only`);
  await dave.waitFor('failed: Busy 486');
  await dave.call('bob', dialog);
  await Promise.all([dave.waitFor('established'), bob.waitFor('CALL_CLOSED')]);
  await Promise.all([hears(alice, BROWSER_HZ), dave.hears(500)]);
  alice.command('hangup');
  await dave.waitFor('ended by remote');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'transferred', 'ended']);
});

test('an edge that is killed after a transfer goes on with those who talk now', async () => {
  const alice = await phones.phone('alice', { toneHz: 500 });
  const bob = await phones.phone('bob', { toneHz: 1000 });
  const target = await account('target');
  const carol = await phones.phone(target, { toneHz: 700 });
  phones.dial(alice, 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([hears(alice, 1000), hears(bob, 500)]);
  bob.command('transfer', `sip:${target.user}@${phones.edge}`);
  await bob.waitFor('CALL_CLOSED');
  await phones.platform.kill('edge-signaling-1');
  await Promise.all([hears(alice, 700), hears(carol, 500)]);
  alice.command('hangup');
  await carol.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'transferred', 'ended']);
});
