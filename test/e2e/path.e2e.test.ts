import { defaultTenant, listRegistrations } from '@callweave/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HomeNat, openHomeNat } from '../support/home-nat.ts';
import { type OutboundProxy, startOutboundProxy } from '../support/outbound-proxy.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { there } from '../support/there.ts';

const PHONE_HZ = 1_000;

const phones = new PhonePlatform();
let proxy: OutboundProxy | undefined;
let nat: HomeNat | undefined;

beforeAll(async () => {
  proxy = await startOutboundProxy(phones.edge);
  nat = await openHomeNat({ edge: proxy.address, idleMs: 60_000 });
});

afterAll(async () => {
  nat?.close();
  await proxy?.stop();
});

/** Methods of the requests that came in for the phone, but for the first so many messages. */
function methodsIn({ passed }: HomeNat, from = 0): string[] {
  return passed.slice(from).map((line) => line.split(' ')[0] ?? '');
}

test('a phone behind a NAT that registers by way of a Kamailio, which says so in Path, is called by that way', async () => {
  const home = there(nat);
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
  expect(binding?.path).toEqual([expect.stringMatching(`${there(proxy).address};lr;received=sip:127.0.0.1:`)]);
  expect(binding?.received).toBeUndefined();
  phones.dial(alice, 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await hears(alice, PHONE_HZ);
  expect(methodsIn(home)).toEqual(expect.arrayContaining(['INVITE', 'ACK']));
  bob.command('hangup');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
});

test('who calls by it is hung up by the way that it has recorded', async () => {
  const home = there(nat);
  const before = home.passed.length;
  const [alice, bob] = [await phones.phone('alice'), await phones.phone('bob', { registrar: home.inside })];
  bob.command('dial', `sip:alice@${home.inside}`);
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  alice.command('hangup');
  await bob.waitFor('CALL_CLOSED');
  expect(methodsIn(home, before)).toContain('BYE');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
});
