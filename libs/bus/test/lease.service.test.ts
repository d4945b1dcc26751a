import { systemClock } from '@callweave/clock';
import { InstanceId, instancesBucket, type Lease } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { Bucket } from '../src/bucket.ts';
import { type Connection } from '../src/connection.ts';
import { OwnLease } from '../src/own-lease.ts';
import { type NatsServer, startNats } from '../src/testing.ts';
import { oracleProfile, pilgrimProfile } from './weather.ts';

const DELPHI = 'dddddddddddddddd';

let nats: NatsServer;
let operator: Connection;
let leases: Bucket<typeof instancesBucket.pattern, typeof Lease>;

beforeAll(async () => {
  nats = await startNats({ profiles: [oracleProfile, pilgrimProfile] });
  operator = await nats.operator();
  leases = new Bucket(instancesBucket, operator, systemClock);
});

afterAll(() => nats.stop());

describe('the lease of a process', () => {
  test('appears when it serves, is renewed while it lives and goes when it drains', async () => {
    const where = { service: 'oracle', instance: DELPHI };
    const bus = await nats.bus(oracleProfile, DELPHI);
    expect(await leases.get(where)).toBeUndefined();
    await bus.serve();
    const first = await leases.get(where);
    expect(first?.value).toMatchObject({ service: 'oracle', instance: DELPHI, version: '0.0.0' });
    await eventually(
      async () => expect((await leases.get(where))?.revision).toBeGreaterThan(first?.revision ?? Infinity),
      { timeout: 15_000 },
    );
    await bus.drain();
    expect(await leases.get(where)).toBeUndefined();
    const { state } = await operator.jsm.streams.info('KV_instances', { subjects_filter: '>' });
    expect(Object.keys(state.subjects ?? {})).toEqual([]);
    await bus.close();
  });

  test('does not come back when it is released while a renewal is under way', async () => {
    const lease = openLease();
    await lease.renew();
    const renewing = lease.renew();
    await lease.release();
    await renewing;
    expect(await leases.get({ service: 'oracle', instance: DELPHI })).toBeUndefined();
  });

  test('shows that clocks agree on one machine', async () => {
    const lease = openLease();
    await lease.renew();
    expect(lease.clockOffsetMs).toBe(0);
    await lease.release();
  });

  test('shows a clock that is wrong', async () => {
    const lease = openLease(90_000);
    await lease.renew();
    expect(lease.clockOffsetMs).toBeGreaterThan(85_000);
    await lease.release();
  });
});

function openLease(aheadMs = 0): OwnLease {
  const clock = { ...systemClock, epochMs: () => systemClock.epochMs() + aheadMs };
  return new OwnLease(
    { service: 'oracle', instance: InstanceId.parse(DELPHI), version: '1.0.0' },
    { connection: operator, clock, log: recordLogs() },
  );
}
