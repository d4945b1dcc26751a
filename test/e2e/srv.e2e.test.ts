import { type NameServer, startNameServer } from '@callweave/sip-engine/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EdgePair, startEdgePair } from '../support/edge-pair.ts';
import { freePortOn } from '../support/free-port.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { until } from '../support/until.ts';

const FIRST_HOST = '127.0.6.1';
const DOMAIN = 'example.test';
const ALICE_HZ = 440;
const BOB_HZ = 880;
/** The shortest that phones may register for here, and a phone that does so registers again within. */
const REGISTERED_SEC = 12;

// What dies is not started again at once: the edge that phones prefer is one beside the platform.
const phones = new PhonePlatform({ CALLWEAVE_REGISTRAR_MIN_EXPIRES_SEC: '10' });
let preferred: EdgePair | undefined;
let dns: NameServer | undefined;

beforeAll(async () => {
  const port = await freePortOn([FIRST_HOST]);
  const flags = ['--contact', `sip:${FIRST_HOST}:${String(port)};transport=tcp`];
  preferred = await startEdgePair(phones.platform, { host: FIRST_HOST, port, flags });
  const other = phones.edge.slice(phones.edge.lastIndexOf(':') + 1);
  dns = await startNameServer([
    `_sip._tcp SRV 10 10 ${String(port)} first`,
    `_sip._tcp SRV 20 10 ${other} second`,
    `first A ${FIRST_HOST}`,
    'second A 127.0.0.1',
  ]);
});

afterAll(async () => {
  await dns?.kill();
  await preferred?.stop();
});

/** The edge where a phone is registered, if it is. */
async function edgeOf(user: string): Promise<'preferred' | 'other' | 'none'> {
  const engine = /"instance":"([a-z2-7]{16})"[^\n]*engine\.ready/.exec(preferred?.logs() ?? '')?.[1] ?? 'nobody';
  const { output } = await phones.platform.cli('registrations');
  const line = output.split('\n').find((row) => row.includes(`sip:${user}@${DOMAIN}`));
  if (line === undefined) return 'none';
  return line.includes(engine) ? 'preferred' : 'other';
}

test('a phone finds the best edge by SRV, and the next one by itself when that has died, and is called there', async () => {
  const found = {
    registrar: DOMAIN,
    nameServer: dns?.address ?? '',
    transport: 'tcp',
    regintSec: REGISTERED_SEC,
  } as const;
  const alice = await phones.phone('alice', { ...found, toneHz: ALICE_HZ });
  expect(await edgeOf('alice')).toBe('preferred');
  await preferred?.kill();
  await until('the phone has registered at the other edge', async () => (await edgeOf('alice')) === 'other', 90_000);
  const bob = await phones.phone('bob', { toneHz: BOB_HZ });
  phones.dial(bob, 'alice');
  await Promise.all([hears(alice, BOB_HZ), hears(bob, ALICE_HZ)]);
  bob.command('hangup');
  await alice.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
});
