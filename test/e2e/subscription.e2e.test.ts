import { expect, test } from 'vitest';
import { PhonePlatform } from '../support/phone-platform.ts';
import { runSippPair } from '../support/sipp-pair.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';

const phones = new PhonePlatform();

test('one phone watches another: subscription, refresh, end, and every NOTIFY go through', async () => {
  await runSippPair(phones, { asks: 'subscribe', answers: 'notify', talkMs: 1_000 });
});

test('nobody can watch who is not there', async () => {
  const remote = phones.edge;
  const [watcher] = await addSubscribers(phones.bus, 'watch-nobody-', 1);
  if (watcher === undefined) throw new Error('no account');
  const keys = { callee: 'nobody-at-all' };
  const { errors } = await runSipp({ scenario: 'subscribe', remote, calls: 1, keys, lines: sippLines([watcher]) });
  expect(errors).toContain('SIP/2.0 404');
});
