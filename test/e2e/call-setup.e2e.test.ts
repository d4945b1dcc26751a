import { expect, test } from 'vitest';
import { lastCause } from '../support/call-facts.ts';
import { freePhonePort } from '../support/free-port.ts';
import { callLeavingTheOffer } from '../support/gateway.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';
import { withTone } from '../support/tone-file.ts';

const phones = new PhonePlatform();
const wholeCall = ['initiated', 'routed', 'ringing', 'answered', 'ended'];

test('all phones of a user ring at once, and the one that is picked up has the call', async () => {
  const alice = await phones.phone('alice', { toneHz: 500 });
  const desk = await phones.phone('bob', { toneHz: 1000, answers: false });
  const mobile = await phones.phone('bob', { toneHz: 1500, answers: false });
  phones.dial(alice, 'bob');
  await Promise.all([desk.waitFor('CALL_INCOMING'), mobile.waitFor('CALL_INCOMING')]);
  mobile.command('accept');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), mobile.waitFor('CALL_ESTABLISHED')]);
  await desk.waitFor('CALL_CLOSED');
  await Promise.all([hears(alice, 1500), hears(mobile, 500)]);
  mobile.command('hangup');
  await alice.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(wholeCall);
});

test('a phone that is busy leaves the others ringing', async () => {
  const alice = await phones.phone('alice');
  const desk = await phones.phone('bob', { answers: false });
  const mobile = await phones.phone('bob', { answers: false });
  phones.dial(alice, 'bob');
  await Promise.all([desk.waitFor('CALL_INCOMING'), mobile.waitFor('CALL_INCOMING')]);
  desk.command('hangup');
  await desk.waitFor('CALL_CLOSED');
  mobile.command('accept');
  await alice.waitFor('CALL_ESTABLISHED');
  alice.command('hangup');
  await mobile.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(wholeCall);
});

test('a caller who gives up stops all phones, and when nobody can take the call he is told why', async () => {
  const alice = await phones.phone('alice');
  const desk = await phones.phone('bob', { answers: false });
  const mobile = await phones.phone('bob', { answers: false });
  phones.dial(alice, 'bob');
  await Promise.all([desk.waitFor('CALL_INCOMING'), mobile.waitFor('CALL_INCOMING')]);
  desk.command('hangup');
  mobile.command('hangup');
  expect((await alice.waitFor('CALL_CLOSED')).param).toContain('486');
  expect((await phones.toldInAll()).at(-1)).toBe('failed');
  expect(await lastCause(phones.bus)).toMatchObject({ by: 'callee', reason: 'busy' });
});

test('a phone that forwards its calls has them ring where it says', async () => {
  const localPort = await freePhonePort();
  const [forwarder] = await addSubscribers(phones.bus, `forwarder-${String(localPort)}-`, 1);
  if (forwarder === undefined) throw new Error('no account');
  const about = { remote: phones.edge, calls: 1, localPort };
  const registered = await runSipp({ ...about, scenario: 'register', lines: sippLines([forwarder]) });
  expect(registered).toMatchObject({ successful: 1 });
  const forwarding = runSipp({ ...about, scenario: 'forward', keys: { to: `sip:bob@${phones.edge}` } });
  const alice = await phones.phone('alice');
  const bob = await phones.phone('bob');
  phones.dial(alice, forwarder.user);
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  alice.command('hangup');
  await bob.waitFor('CALL_CLOSED');
  const { errors, ...told } = await forwarding;
  expect(told, errors).toMatchObject({ successful: 1, failed: 0 });
  expect(await phones.toldInAll()).toEqual(wholeCall);
});

test('a text reaches every phone of its addressee', async () => {
  const ports = [await freePhonePort(), await freePhonePort()];
  const [sender, addressee] = await addSubscribers(phones.bus, `text-${String(ports[0])}-`, 2);
  if (sender === undefined || addressee === undefined) throw new Error('no accounts');
  const about = { remote: phones.edge, calls: 1 };
  const receiving = ports.map(async (localPort) => {
    const lines = sippLines([addressee]);
    expect(await runSipp({ ...about, localPort, scenario: 'register', lines })).toMatchObject({ successful: 1 });
    return () => runSipp({ ...about, localPort, scenario: 'receive-message' });
  });
  const received = (await Promise.all(receiving)).map((receive) => receive());
  const keys = { callee: addressee.user };
  const sent = await runSipp({ ...about, scenario: 'message', keys, lines: sippLines([sender]) });
  const all = [sent, ...(await Promise.all(received))];
  expect(all.map(({ errors }) => errors)).toEqual(['', '', '']);
  expect(all.map(({ successful }) => successful)).toEqual([1, 1, 1]);
});

test('what a gateway plays before it answers is heard, and goes on when it has', async () => {
  const localPort = await freePhonePort();
  const [gateway] = await addSubscribers(phones.bus, `gateway-${String(localPort)}-`, 1);
  if (gateway === undefined) throw new Error('no account');
  const about = { remote: phones.edge, calls: 1, localPort };
  const registered = await runSipp({ ...about, scenario: 'register', lines: sippLines([gateway]) });
  expect(registered).toMatchObject({ successful: 1 });
  await withTone(1000, async (tone) => {
    const answering = runSipp({ ...about, scenario: 'early-media', keys: { tone_file: tone }, talkMs: 8_000 });
    const alice = await phones.phone('alice');
    phones.dial(alice, gateway.user);
    await hears(alice, 1000);
    expect(alice.events.map(({ type }) => type)).not.toContain('CALL_ESTABLISHED');
    await alice.waitFor('CALL_ESTABLISHED');
    alice.command('hangup');
    const { errors, ...told } = await answering;
    expect(told, errors).toMatchObject({ successful: 1, failed: 0 });
  });
  expect(await phones.toldInAll()).toEqual(wholeCall);
});

test('a gateway that leaves the offer to the phone, when it calls and in the call, is heard all the while', async () => {
  const bob = await phones.phone('bob');
  await callLeavingTheOffer(phones, phones.edge, bob);
  expect(await phones.toldInAll()).toEqual(wholeCall);
});
