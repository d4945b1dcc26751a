import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { answeredCalls } from '../support/call-facts.ts';
import { mediaSessions } from '../support/media-sessions.ts';
import { hears, PhonePlatform, receives } from '../support/phone-platform.ts';
import { addSubscribers } from '../support/subscribers.ts';
import { startWebPhones, type WebPhone, type WebPhones } from '../support/web-phone.ts';

const BROWSER_HZ = 1_500;
const phones = new PhonePlatform({ CALLWEAVE_MEDIA: 'direct' });
const pages: WebPhone[] = [];
let browser: WebPhones | undefined;

beforeAll(async () => {
  browser = await startWebPhones(BROWSER_HZ);
});

afterAll(async () => {
  await browser?.close();
});

afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.close()));
});

test('two phones send each other their media, hold and come back, while rtpengine has nothing of it', async () => {
  const alice = await phones.phone('alice', { toneHz: 500 });
  const bob = await phones.phone('bob', { toneHz: 1000 });
  phones.dial(alice, 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([hears(alice, 1000), hears(bob, 500)]);
  const [call] = await answeredCalls(phones.bus);
  expect(call?.media).toBe('direct@0');
  expect(await mediaSessions(phones.platform)).toBe(0);
  alice.command('hold');
  await phones.isTold('held');
  alice.command('resume');
  await phones.isTold('resumed');
  await Promise.all([receives(alice), receives(bob)]);
  bob.command('hangup');
  await alice.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'ended']);
});

test('a browser and a phone, which do not understand each other, are anchored all the same', async () => {
  const [account] = await addSubscribers(phones.bus, 'page-', 1);
  if (account === undefined || browser === undefined) throw new Error('no browser');
  const { user, password } = account;
  const server = phones.platform.ws[0] ?? '';
  const page = await browser.open({ user, password, domain: '127.0.0.1', server, answers: true });
  pages.push(page);
  await page.waitFor('registered');
  const bob = await phones.phone('bob', { toneHz: 1000 });
  await page.call('bob');
  await Promise.all([page.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([page.hears(1000), hears(bob, BROWSER_HZ)]);
  expect(await mediaSessions(phones.platform)).toBe(1);
  bob.command('hangup');
  await page.waitFor('ended by remote');
});
