import { type Connection } from '@callweave/bus';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Baresip, type BaresipOptions } from '../support/baresip.ts';
import { callKinds, openCalls, lastCause } from '../support/call-facts.ts';
import { heardAnew } from '../support/heard-anew.ts';
import { mediaSessions } from '../support/media-sessions.ts';
import { hears, registeredPhone } from '../support/phone-platform.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';
import { startWebPhones, type WebPhone, type WebPhoneOptions, type WebPhones } from '../support/web-phone.ts';

const BROWSER_HZ = 700;
const PHONE_HZ = 1_000;

let platform: Platform;
let browser: WebPhones | undefined;
let bus: Connection;
const open: (() => Promise<void>)[] = [];
let before = 0;

beforeAll(async () => {
  platform = await startPlatform();
  browser = await startWebPhones(BROWSER_HZ);
  bus = await platform.bus();
});

afterAll(async () => {
  await browser?.close();
  await platform.stop();
});

beforeEach(async () => {
  before = (await callKinds(bus)).size;
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
  await until(
    'nothing is left of any call',
    async () => (await mediaSessions(platform)) + (await openCalls(bus)).length === 0,
  );
});

function account(user: string): { user: string; password: string } {
  const found = platform.accounts.find((known) => known.user === user);
  if (found === undefined) throw new Error(`no account ${user}`);
  return found;
}

/** A page that is registered as alice. */
async function webPhone(options: Partial<WebPhoneOptions> = {}): Promise<WebPhone> {
  const phone = await browser?.open({
    ...{ ...account('alice'), domain: '127.0.0.1', server: platform.ws[0] ?? '' },
    ...options,
  });
  if (phone === undefined) throw new Error('no browser');
  open.push(() => phone.close());
  await phone.waitFor('registered');
  return phone;
}

/** A softphone that is registered as bob. */
async function softPhone(options: Partial<BaresipOptions> = {}): Promise<Baresip> {
  const phone = await registeredPhone(platform, 'bob', { toneHz: PHONE_HZ, ...options });
  open.push(() => phone.quit());
  return phone;
}

/** The events of the one call since the test began, when it is over. */
async function toldOfTheCall(): Promise<string[]> {
  const isOver = (kinds: readonly string[] | undefined): boolean => /ended|failed/.test(kinds?.at(-1) ?? '');
  await until('the call is over', async () => isOver([...(await callKinds(bus)).values()][before]), 60_000);
  const calls = [...(await callKinds(bus)).values()];
  expect(calls).toHaveLength(before + 1);
  return calls[before] ?? [];
}

const answeredCall = ['initiated', 'routed', 'ringing', 'answered', 'ended'];

describe('a browser and a phone', () => {
  test('hear each other when the browser calls, over DTLS-SRTP on its side, until it hangs up', async () => {
    const [alice, bob] = await Promise.all([webPhone(), softPhone()]);
    await alice.call('bob');
    await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
    await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
    expect(await alice.transport()).toMatchObject({ dtlsState: 'connected' });
    await alice.hangUp();
    await bob.waitFor('CALL_CLOSED');
    expect(await toldOfTheCall()).toEqual(answeredCall);
    expect(await lastCause(bus)).toEqual({ by: 'caller', reason: 'hang-up' });
  });

  test('hear each other when the phone calls, and the phone hangs up', async () => {
    const [alice, bob] = await Promise.all([webPhone(), softPhone()]);
    bob.command('dial', `sip:alice@${platform.sip[0] ?? ''}`);
    await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
    await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
    bob.command('hangup');
    await alice.waitFor('ended by remote');
    expect(await toldOfTheCall()).toEqual(answeredCall);
  });

  test('hear each other when the page uses SIP.js', async () => {
    const [alice, bob] = await Promise.all([webPhone({ stack: 'sip.js' }), softPhone()]);
    await alice.call('bob');
    await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
    await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
    bob.command('hangup');
    await alice.waitFor('ended');
    expect(await toldOfTheCall()).toEqual(answeredCall);
  });
});

describe('a call of a browser whose rtpengine is killed', () => {
  test('goes on with a phone: the browser connects anew, and they hear each other', async () => {
    const [alice, bob] = await Promise.all([webPhone(), softPhone()]);
    await alice.call('bob');
    await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
    await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
    await heardAnew(platform, bus, () => platform.signal('rtpengine', 'SIGKILL'));
    await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
    expect(await alice.transport()).toMatchObject({ dtlsState: 'connected' });
    bob.command('hangup');
    await alice.waitFor('ended by remote');
    expect(await toldOfTheCall()).toEqual(answeredCall);
  });
});

describe('a page that is closed', () => {
  test('in a call leaves no phone waiting: it is hung up, and the call ended once', async () => {
    const [alice, bob] = await Promise.all([webPhone(), softPhone()]);
    await alice.call('bob');
    await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
    await alice.close();
    await until('the phone is hung up', () => bob.events.some(({ type }) => type === 'CALL_CLOSED'), 30_000);
    expect(await toldOfTheCall()).toEqual(answeredCall);
    expect(await lastCause(bus)).toEqual({ by: 'platform', reason: 'unreachable' });
  });

  test('while it calls stops the ringing', async () => {
    const [alice, bob] = await Promise.all([webPhone(), softPhone({ answers: false })]);
    await alice.call('bob');
    await bob.waitFor('CALL_INCOMING');
    await alice.close();
    await bob.waitFor('CALL_CLOSED');
    expect((await toldOfTheCall()).at(-1)).toBe('failed');
    expect(await lastCause(bus)).toMatchObject({ by: 'caller', reason: 'cancelled' });
  });

  test('can be reached no more, at once', async () => {
    const alice = await webPhone();
    await until('alice is registered', async () => (await registrations()).includes('.invalid'));
    await alice.close();
    await until('alice is registered no more', async () => !(await registrations()).includes('.invalid'));
  });
});

async function registrations(): Promise<string> {
  return (await platform.cli('registrations')).output;
}
