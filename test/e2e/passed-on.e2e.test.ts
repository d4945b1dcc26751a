import { routeCall } from '@callweave/contracts';
import getPort from 'get-port';
import { afterAll, expect, test } from 'vitest';
import { lastCause } from '../support/call-facts.ts';
import { type EdgePair, startEdgePair } from '../support/edge-pair.ts';
import { freePhonePort, freePortOn } from '../support/free-port.ts';
import { PhonePlatform } from '../support/phone-platform.ts';
import { runSipp, type SippOptions, type SippResult } from '../support/sipp.ts';
import { addSubscribers, type LoadAccount, sippLines } from '../support/subscribers.ts';
import { until } from '../support/until.ts';

const HOST = '127.0.0.13';
const phones = new PhonePlatform();
let passing: EdgePair | undefined;

afterAll(async () => {
  await passing?.stop();
});

async function account(name: string): Promise<LoadAccount> {
  const [added] = await addSubscribers(phones.bus, `${name}-${String(await getPort())}-`, 1);
  if (added === undefined) throw new Error('no account');
  return added;
}

/** The port of a phone that is registered now. */
async function registered(device: LoadAccount, remote = phones.edge): Promise<number> {
  const localPort = await freePhonePort();
  const told = await runSipp({ remote, calls: 1, localPort, scenario: 'register', lines: sippLines([device]) });
  expect(told).toMatchObject({ successful: 1 });
  return localPort;
}

/** One asks and the other is asked, both to the end of their scenarios. */
async function bothSucceed(asking: SippOptions, asked: SippOptions): Promise<void> {
  const stop = new AbortController();
  const answering = runSipp({ ...asked, signal: stop.signal });
  const first = await runSipp(asking);
  // Who was not asked waits for ever.
  if (first.successful === 0) stop.abort();
  const all: SippResult[] = [first, await answering];
  expect(all.map(({ errors }) => errors)).toEqual(['', '']);
  expect(all).toMatchObject([{ successful: 1 }, { successful: 1 }]);
}

test('where redirects are passed on, a caller is told where the phone sends him, and the call goes nowhere', async () => {
  const port = await freePortOn([HOST]);
  const settings = { CALLWEAVE_REDIRECTS: 'pass' };
  passing = await startEdgePair(phones.platform, { host: HOST, port, externalIp: HOST, settings });
  const [caller, forwarder] = [await account('caller'), await account('mover')];
  const about = { remote: passing.address, calls: 1 };
  const localPort = await registered(forwarder, passing.address);
  const keys = { callee: forwarder.user, contact: 'sip:elsewhere@192.0.2.9' };
  await bothSucceed(
    { ...about, scenario: 'call-redirected', keys, lines: sippLines([caller]) },
    { ...about, scenario: 'forward', localPort, keys: { to: 'sip:elsewhere@192.0.2.9' } },
  );
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'failed']);
  expect(await lastCause(phones.bus)).toMatchObject({ by: 'callee', sipStatus: 302 });
});

test.each(['--always', '--unreachable'])('a text goes where a user has his calls sent with %s', async (option) => {
  const [sender, absent, deputy] = [await account('sender'), await account('absent'), await account('deputy')];
  expect(await phones.platform.cli('users', 'forward', absent.user, option, deputy.user)).toMatchObject({ code: 0 });
  const question = { tenant: 'default', callId: '0'.repeat(26), source: { kind: 'app-server' }, dialled: absent.user };
  let inARow = 0;
  await until('every replica routes by it', async () => {
    const subject = routeCall.subject({ tenant: 'default' });
    const asked = JSON.stringify({ ...question, domain: 'd' });
    const answer = await phones.bus.nc.request(subject, asked, { timeout: 10_000 });
    inARow = answer.string().includes('forwards') ? inARow + 1 : 0;
    return inARow > 20;
  });
  const localPort = await registered(deputy);
  const about = { remote: phones.edge, calls: 1 };
  await bothSucceed(
    { ...about, scenario: 'message', keys: { callee: absent.user }, lines: sippLines([sender]) },
    { ...about, scenario: 'receive-message', localPort },
  );
});

test('who wants to watch a phone that asks for credentials is refused: they would be those of his account here', async () => {
  const [watcher, watched] = [await account('watcher'), await account('watched')];
  const about = { remote: phones.edge, calls: 1 };
  const localPort = await registered(watched);
  const keys = { callee: watched.user };
  await bothSucceed(
    { ...about, scenario: 'subscribe-refused', keys, lines: sippLines([watcher]) },
    { ...about, scenario: 'challenge', localPort, keys: { method: 'SUBSCRIBE' } },
  );
});
