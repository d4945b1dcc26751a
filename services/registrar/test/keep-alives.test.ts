import { rendezvousOrder } from '@callweave/bus';
import { FakeClock } from '@callweave/clock/testing';
import { InstanceId, type LocationRecord } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { KeepAlives, type KeptDevice } from '../src/keep-alives.ts';

const peers = ['one', 'two', 'three'];
const edge = InstanceId.parse('aaaaaaaaaaaaaaaa');
const gone = InstanceId.parse('bbbbbbbbbbbbbbbb');

type Device = Partial<LocationRecord['bindings'][number]>;

/** Registrars that know these users, and what each asked of whom. */
function setUp(users: Readonly<Record<string, Device>>, { everySec = 25, notReady = false } = {}) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const living = [...peers];
  const write = (who: string) => (devices: readonly KeptDevice[]) => {
    for (const { received } of devices) asked.push(`${who} ${received}`);
  };
  const registrars = peers.map((instance) => {
    const toEdge = write(instance);
    return new KeepAlives({
      ...{ instance, peers: () => living, notReady: () => (notReady ? 'why' : undefined) },
      edges: {
        ask: (to, devices) => {
          if (to !== gone) toEdge(devices);
          return Promise.resolve(to !== gone);
        },
        askAny: (devices) => {
          write(`${instance} any`)(devices);
          return Promise.resolve();
        },
      },
      ...{ everySec, random: () => 0.5, clock, log: recordLogs() },
    });
  });
  const note = (key: string, device: Device | undefined): void => {
    const expiresAt = clock.epochMs() + 60_000;
    const bindings = device === undefined ? [] : [{ contact: `sip:${key}@10.0.0.1`, edge, expiresAt, ...device }];
    for (const each of registrars) each.note(key, { bindings } as unknown as LocationRecord);
  };
  for (const [key, device] of Object.entries(users)) note(key, device);
  const wait = async (sec: number): Promise<void> => {
    for (let i = 0; i < sec; i++) {
      clock.advance(1_000);
      for (let j = 0; j < 4; j++) await Promise.resolve();
    }
  };
  return { asked, note, wait, living };
}

const natted: Device = { received: '192.0.2.1:4000', keepAlive: true };
const first = (key: string, among = peers): string => rendezvousOrder(key, among)[0] ?? '';

test('a device behind a NAT is asked at intervals until its binding ends, by one registrar', async () => {
  const { asked, wait } = setUp({ alice: natted, bob: { received: '192.0.2.2:4000' }, carol: {} });
  await wait(11);
  expect(asked).toEqual([]);
  await wait(3);
  expect(asked).toEqual([`${first('alice')} 192.0.2.1:4000`]);
  await wait(26);
  expect(asked).toHaveLength(2);
  await wait(60);
  expect(asked).toHaveLength(2);
});

test('it is asked by another registrar when that one is gone, and by any edge when its own is', async () => {
  const { asked, living, wait } = setUp({ alice: { ...natted, edge: gone } });
  living.splice(living.indexOf(first('alice')), 1);
  await wait(14);
  expect(asked).toEqual([`${first('alice', living)} any 192.0.2.1:4000`]);
});

test('it is asked where it is by now, and not any more when it has gone', async () => {
  const { asked, note, wait } = setUp({ alice: natted });
  note('alice', { ...natted, received: '192.0.2.1:5000' });
  await wait(14);
  expect(asked).toEqual([`${first('alice')} 192.0.2.1:5000`]);
  note('alice', undefined);
  await wait(30);
  expect(asked).toHaveLength(1);
});

test('nobody is asked when that is switched off, or by a registrar that may not act', async () => {
  for (const options of [{ everySec: 0 }, { notReady: true }]) {
    const { asked, wait } = setUp({ alice: natted }, options);
    await wait(60);
    expect(asked).toEqual([]);
  }
});
