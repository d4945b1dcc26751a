import { defaultTenant, listRegistrations } from '@callweave/contracts';
import { afterAll, expect, test } from 'vitest';
import { type HomeNat, openHomeNat } from '../support/home-nat.ts';
import { type OutboundProxy, startOutboundProxy } from '../support/outbound-proxy.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';

const PHONE_HZ = 1_000;

const phones = new PhonePlatform();
let proxy: OutboundProxy | undefined;
let home: HomeNat | undefined;

afterAll(async () => {
  home?.close();
  await proxy?.stop();
});

test('a phone behind a NAT that registers by way of a Kamailio, which says so in Path, is called by that way', async () => {
  proxy = await startOutboundProxy(phones.edge);
  home = await openHomeNat({ edge: proxy.address, idleMs: 60_000 });
  const [alice, bob] = [
    await phones.phone('alice'),
    await phones.phone('bob', { registrar: home.inside, toneHz: PHONE_HZ }),
  ];
  const asked = await phones.bus.nc.request(
    listRegistrations.subject({}),
    JSON.stringify({ tenant: defaultTenant, limit: 10 }),
    { timeout: 10_000 },
  );
  const { users } = listRegistrations.response.parse(JSON.parse(asked.string()));
  const [binding] = users.find(({ user }) => user === 'bob')?.bindings ?? [];
  expect(binding?.path).toEqual([expect.stringMatching(`${proxy.address};lr;received=sip:127.0.0.1:`)]);
  expect(binding?.received).toBeUndefined();
  phones.dial(alice, 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  expect(home.passed.some((line) => line.startsWith('INVITE '))).toBe(true);
  await hears(alice, PHONE_HZ);
  bob.command('hangup');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
});
