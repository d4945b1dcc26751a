import getPort from 'get-port';
import { expect, test } from 'vitest';
import { PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';

const phones = new PhonePlatform();

test('one phone watches another: subscription, refresh, end, and every NOTIFY go through', async () => {
  const remote = phones.edge;
  const localPort = await getPort({ host: '127.0.0.1' });
  const [watcher, watched] = await addSubscribers(phones.bus, `watch-${String(localPort)}-`, 2);
  if (watcher === undefined || watched === undefined) throw new Error('no accounts');
  const registered = await runSipp({ scenario: 'register', remote, calls: 1, lines: sippLines([watched]), localPort });
  expect(registered).toMatchObject({ successful: 1 });
  const stop = new AbortController();
  const about = { remote, calls: 1, signal: stop.signal };
  const notifying = runSipp({ ...about, scenario: 'notify', localPort });
  const keys = { callee: watched.user };
  const subscribed = await runSipp({
    ...about,
    scenario: 'subscribe',
    keys,
    talkMs: 1_000,
    lines: sippLines([watcher]),
  });
  // Who was not asked waits for ever.
  if (subscribed.successful === 0) stop.abort();
  const notified = await notifying;
  expect([subscribed.errors, notified.errors]).toEqual(['', '']);
  expect([subscribed, notified]).toMatchObject([{ successful: 1 }, { successful: 1 }]);
});

test('nobody can watch who is not there', async () => {
  const remote = phones.edge;
  const [watcher] = await addSubscribers(phones.bus, 'watch-nobody-', 1);
  if (watcher === undefined) throw new Error('no account');
  const keys = { callee: 'nobody-at-all' };
  const { errors } = await runSipp({ scenario: 'subscribe', remote, calls: 1, keys, lines: sippLines([watcher]) });
  expect(errors).toContain('SIP/2.0 404');
});
