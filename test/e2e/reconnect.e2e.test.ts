import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Baresip } from '../support/baresip.ts';
import { ConnectedEdges } from '../support/connected-edges.ts';
import { hears, receives } from '../support/phone-platform.ts';
import { until } from '../support/until.ts';
import { startWebPhones, type WebPhone, type WebPhones } from '../support/web-phone.ts';

const BROWSER_HZ = 700;
const PHONE_HZ = 1_000;

const edges = new ConnectedEdges('ws');
let browser: WebPhones | undefined;
let alice: WebPhone;
let bob: Baresip;

beforeAll(async () => {
  browser = await startWebPhones(BROWSER_HZ);
});
afterAll(() => browser?.close());

beforeEach(async () => {
  bob = await edges.phone('bob', { toneHz: PHONE_HZ });
  const opened = await browser?.open({
    ...{ ...edges.account('alice'), domain: edges.domain, server: `ws://${edges.connected}` },
  });
  if (opened === undefined) throw new Error('no browser');
  alice = opened;
  await alice.waitFor('registered');
});
afterEach(async () => {
  await bob.quit();
  await alice.close();
});

async function talk(): Promise<void> {
  await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
}

/** Puts the browser on hold and, after `then`, hangs up on it; what is told of the call. */
async function holdAndHangUp(then: () => Promise<void> = () => Promise.resolve()): Promise<string[]> {
  bob.command('hold');
  await alice.waitFor('held by remote');
  await edges.toldUntil('held');
  await then();
  bob.command('hangup');
  await alice.waitFor('ended by remote');
  return edges.toldUntil('ended');
}

test('a browser whose edge dies connects and registers anew, is put on hold and taken back, and is hung up on', async () => {
  await alice.call('bob');
  await talk();
  edges.leadAway();
  await edges.first.kill();
  await alice.waitFor('registered', 2);
  const told = await holdAndHangUp(async () => {
    bob.command('resume');
    await alice.waitFor('resumed by remote');
    await edges.toldUntil('resumed');
    await Promise.all([alice.hears(PHONE_HZ), receives(bob)]);
  });
  expect(told).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'ended']);
}, 180_000);

test('a browser that is called by way of another edge, and whose own dies, comes back and is hung up on', async () => {
  edges.leadDatagramsAway();
  bob.command('dial', `sip:alice@${edges.registrar}`);
  await talk();
  edges.leadAway();
  await edges.first.kill();
  await alice.waitFor('registered', 2);
  expect(await holdAndHangUp()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'ended']);
}, 180_000);

test('a browser that comes back by way of another edge, while its own lives on, is still in its call', async () => {
  await alice.call('bob');
  await talk();
  edges.leadAway();
  edges.hangUp();
  await alice.waitFor('registered', 2);
  // Its engine waits 10 s for it.
  await until('its own edge has given the connection up', () => edges.first.logs().includes('call.followed'));
  expect(await holdAndHangUp()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'ended']);
}, 180_000);
