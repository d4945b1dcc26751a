import { expect, test } from 'vitest';
import { callDetailRecords } from '../support/call-facts.ts';
import { freePhonePort } from '../support/free-port.ts';
import { PhonePlatform } from '../support/phone-platform.ts';
import { rawRequest } from '../support/raw-request.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';
import { openUdpPeer } from '../support/udp-peer.ts';
import { until } from '../support/until.ts';

/** Where the PBX of these tests sends from; phones are at 127.0.0.1. */
const PBX = '127.0.77.9';

const phones = new PhonePlatform();

async function trunks(...args: string[]): Promise<void> {
  expect(await phones.platform.cli('trunks', ...args)).toMatchObject({ code: 0 });
}

/** What an INVITE from `host` to a number that nobody has is answered: 404 where it is let in. */
async function answerTo(host: string): Promise<string> {
  const peer = await openUdpPeer(phones.edge, host);
  try {
    const uri = 'sip:nobody-has-this@example.org';
    peer.send(rawRequest({ method: 'INVITE', uri, from: peer.address }));
    return /SIP\/2\.0 (\d+)/.exec(await peer.waitFor('SIP/2.0 4'))?.[1] ?? '';
  } finally {
    peer.close();
  }
}

async function edgeKnows(status: '404' | '407'): Promise<void> {
  await until(`the edge answers the PBX ${status}`, async () => (await answerTo(PBX)) === status);
}

test('a PBX is let in by its address: a phone is told whom it asserts, the record names the trunk, and nobody else gets in', async () => {
  await trunks('set', 'pbx', '--networks', `${PBX}/32`);
  await edgeKnows('404');
  expect(await answerTo('127.0.0.1')).toBe('407');

  const [callee] = await addSubscribers(phones.bus, 'desk', 1);
  if (callee === undefined) throw new Error('no account');
  const localPort = await freePhonePort();
  const about = { remote: phones.edge, calls: 1, timeoutSec: 30 };
  const registering = { ...about, scenario: 'register', localPort, lines: sippLines([callee]) };
  expect(await runSipp(registering)).toMatchObject({ successful: 1 });
  const told = {
    from: 'sip:.4930123@carrier.example',
    told: 'P-Asserted-Identity: *.sip:.4930999@127.0.0.1>',
    untold: 'Privacy',
    cause: '16',
  };
  const answering = runSipp({ ...about, scenario: 'answer-told', localPort, keys: told });
  const calling = runSipp({
    ...{ ...about, scenario: 'call-unasked', localHost: PBX },
    keys: {
      target: `sip:${callee.user}@${phones.edge}`,
      from: '<sip:+4930123@carrier.example>',
      says: 'P-Asserted-Identity: <tel:+49-30-999>',
    },
  });
  const runs = await Promise.all([calling, answering]);
  expect(runs.map(({ successful, errors }) => [successful, errors])).toEqual([
    [1, ''],
    [1, ''],
  ]);
  const recorded = async () => (await callDetailRecords(phones.bus)).filter(({ dialled }) => dialled === callee.user);
  await until('the call is recorded', async () => (await recorded()).length > 0);
  expect(await recorded()).toMatchObject([
    {
      source: { kind: 'trunk', trunk: 'pbx' },
      legs: [{ role: 'caller' }, { role: 'callee', user: callee.user, sipStatus: 200 }],
    },
  ]);

  await trunks('remove', 'pbx');
  await edgeKnows('407');
});
