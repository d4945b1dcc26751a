import getPort from 'get-port';
import { expect, test } from 'vitest';
import { PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';

const phones = new PhonePlatform();

test('two gateways that insist on it have every provisional response acknowledged, and the answer is the one before the 200', async () => {
  const remote = phones.edge;
  const localPort = await getPort({ host: '127.0.0.1' });
  const [caller, callee] = await addSubscribers(phones.bus, `reliable-${String(localPort)}-`, 2);
  if (caller === undefined || callee === undefined) throw new Error('no accounts');
  const registered = await runSipp({ scenario: 'register', remote, calls: 1, lines: sippLines([callee]), localPort });
  expect(registered).toMatchObject({ successful: 1 });
  const stop = new AbortController();
  const about = { remote, calls: 1, signal: stop.signal };
  const answering = runSipp({ ...about, scenario: 'reliable-early-media', localPort, talkMs: 2_000 });
  const keys = { callee: callee.user };
  const called = await runSipp({ ...about, scenario: 'call-reliably', keys, lines: sippLines([caller]) });
  // Who was not called waits for ever.
  if (called.successful === 0) stop.abort();
  const answered = await answering;
  expect([called.errors, answered.errors]).toEqual(['', '']);
  expect([called, answered]).toMatchObject([{ successful: 1 }, { successful: 1 }]);
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
});
