import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { heardAnew } from '../support/heard-anew.ts';
import { youngestMediaNodeSec } from '../support/media-sessions.ts';
import { PhonePlatform } from '../support/phone-platform.ts';
import { until } from '../support/until.ts';
import { startWebPhones, type WebPhone, type WebPhones } from '../support/web-phone.ts';

const ALICE_HZ = 700;
const BOB_HZ = 1_000;

const phones = new PhonePlatform();
const browsers: WebPhones[] = [];
const pages: WebPhone[] = [];

beforeAll(async () => {
  browsers.push(await startWebPhones(ALICE_HZ), await startWebPhones(BOB_HZ));
});
afterAll(() => Promise.all(browsers.map((browser) => browser.close())));
// Before it is looked whether anything is left.
afterEach(() => Promise.all(pages.splice(0).map((page) => page.close())));

async function page(nth: 0 | 1, user: 'alice' | 'bob'): Promise<WebPhone> {
  const { accounts, ws } = phones.platform;
  const account = accounts.find((known) => known.user === user);
  const opened =
    account && (await browsers[nth]?.open({ ...account, domain: '127.0.0.1', server: ws[0] ?? '', answers: true }));
  if (opened === undefined) throw new Error('no browser');
  pages.push(opened);
  await opened.waitFor('registered');
  return opened;
}

/** Two lives of a node that begin within three seconds, by clocks that may be two apart, are taken for one. */
const OF_AGE_SEC = 5;

/** `-t '[1-3]th'` runs three. */
const again = Array.from({ length: 20 }, (_, index) => index + 1);

test.each(again)(
  'two browsers whose rtpengine is killed connect anew and hear each other, for the %ith time',
  async () => {
    const [alice, bob] = await Promise.all([page(0, 'alice'), page(1, 'bob')]);
    await alice.call('bob');
    await Promise.all([alice.waitFor('established'), bob.waitFor('established')]);
    await Promise.all([alice.hears(BOB_HZ), bob.hears(ALICE_HZ)]);
    await until('rtpengine is of age', async () => (await youngestMediaNodeSec(phones.platform)) >= OF_AGE_SEC);
    await heardAnew(phones.platform, phones.bus, () => phones.platform.signal('rtpengine', 'SIGKILL'));
    await Promise.all([alice.hears(BOB_HZ), bob.hears(ALICE_HZ)]);
    await bob.hangUp();
    await alice.waitFor('ended by remote');
    expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
  },
);
