import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type HomeNat, type HomeNatOptions, openHomeNat } from '../support/home-nat.ts';
import { readLadder } from '../support/ladder-text.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { scenarioOf } from '../support/phone-script.ts';
import { runSipp, type SippResult } from '../support/sipp.ts';
import { there } from '../support/there.ts';
import { until } from '../support/until.ts';

const PHONE_HZ = 1_000;
/** As NATs do, only sooner. */
const IDLE_MS = 6_000;
const LIMIT_MS = 60_000;
const DIGIT = `
  → INVITE sendrecv challenged
  ← 180 INVITE
  ← 200 INVITE sendrecv
  → ACK
  → INFO "Signal=5"
  ← 200 INFO
  → BYE
  ← 200 BYE`;

const phones = new PhonePlatform({ CALLWEAVE_REGISTRAR_NAT_PING_SEC: '1' });
const nats: HomeNat[] = [];

// After the phones behind them have said goodbye.
afterAll(() => {
  for (const nat of nats.splice(0)) nat.close();
});

/** Alice calls bob with a SIPp: baresip sends digits by RTP alone. */
async function callWithDigit(): Promise<SippResult> {
  const { platform, edge } = phones;
  const { user, password } = there(platform.accounts.find((account) => account.user === 'alice'));
  const speaker = { user, password, target: `sip:bob@${edge}`, values: new Map<string, string>() };
  const scenario = join(platform.stateDir, 'digit.xml');
  writeFileSync(scenario, scenarioOf(readLadder(DIGIT), speaker));
  return runSipp({ scenario, remote: edge, calls: 1 });
}

async function nat(options: Partial<HomeNatOptions> = {}): Promise<HomeNat> {
  const opened = await openHomeNat({ edge: phones.edge, idleMs: IDLE_MS, ...options });
  nats.push(opened);
  return opened;
}

test('a phone behind a NAT is called though it has said nothing for longer than that remembers, and is heard', async () => {
  const home = await nat();
  const [alice, bob] = await Promise.all([
    phones.phone('alice'),
    phones.phone('bob', { registrar: home.inside, toneHz: PHONE_HZ }),
  ]);
  await until('it is remembered for long', () => home.keptMs() > 2 * IDLE_MS, LIMIT_MS);
  expect(home.passed.some((line) => line.startsWith('OPTIONS '))).toBe(true);
  expect(home.forgotten()).toBe(0);
  phones.dial(alice, 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await hears(alice, PHONE_HZ);
  expect(home.passed.some((line) => line.startsWith('INVITE '))).toBe(true);
  bob.command('hangup');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
});

test('a phone behind a NAT has its answer acknowledged, is told digits, and is hung up', async () => {
  const home = await nat();
  const bob = await phones.phone('bob', { registrar: home.inside });
  const { errors, ...counts } = await callWithDigit();
  expect(counts, errors).toMatchObject({ successful: 1, failed: 0 });
  await bob.waitFor('CALL_DTMF_START');
  await bob.waitFor('CALL_CLOSED');
  const methods = home.passed.map((line) => line.split(' ')[0]);
  for (const method of ['ACK', 'INFO', 'BYE']) expect(methods).toContain(method);
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
});

test('one that is asked nothing is forgotten', async () => {
  const home = await nat({ letsIn: (line) => !line.startsWith('OPTIONS ') });
  await phones.phone('bob', { registrar: home.inside });
  await until('it is forgotten', () => home.forgotten() > 0, LIMIT_MS);
});
