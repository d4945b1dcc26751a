import { systemClock } from '@callweave/clock';
import { controlFaults, Fault, instancesBucket, type ServiceProfile } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Bus } from '../src/bus.ts';
import { provision } from '../src/provision.ts';
import { answer } from '../src/responder.ts';
import { type NatsServer, startNats } from '../src/testing.ts';
import { eventually } from './eventually.ts';
import { oracleProfile, pilgrimProfile, weather } from './weather.ts';

const DELPHI = 'dddddddddddddddd';
const rehearsingProfile: ServiceProfile = { ...oracleProfile, serves: [weather, controlFaults] };

let nats: NatsServer;
let oracle: Bus;
let pilgrim: Bus;
let operator: Bus;

beforeAll(async () => {
  nats = await startNats({ profiles: [rehearsingProfile, pilgrimProfile] });
});

afterAll(() => nats.stop());

function connect(name: string, profile: ServiceProfile, faults: 'on' | 'off'): Promise<Bus> {
  const natsPassword = { reveal: () => name };
  const config = { natsUrl: nats.url, natsUser: name, natsPassword, faults };
  const about = { version: '0.0.0', clock: systemClock, log: recordLogs() };
  return Bus.connectService(profile, { config, instance: DELPHI, ...about });
}

beforeEach(async () => {
  oracle = await connect('oracle', rehearsingProfile, 'on');
  await oracle.serve([answer(weather, () => Promise.resolve({ sky: 'blue' }))]);
  pilgrim = await connect('pilgrim', pilgrimProfile, 'off');
  operator = await connect('operator', { ...pilgrimProfile, name: 'operator', asks: [] }, 'off');
});

afterEach(async () => {
  await Promise.all([oracle, pilgrim, operator].map((bus) => bus.close()));
});

const set = (fault: object) =>
  operator.askOnce(controlFaults, { instance: DELPHI }, { ask: 'set', fault: Fault.parse(fault) }, 2_000);
const askSky = () => pilgrim.askOnce(weather, {}, { place: 'here' }, 300);

/** Cuts it off for a while, again if that is over before anybody has noticed. */
async function cutOff(way: 'both' | 'out'): Promise<void> {
  await eventually(async () => {
    await set({ kind: 'cut-off', way, forMs: 3_000 });
    expect((await askSky()).kind).toBe('silent');
  });
}

describe('a process in which faults may be set', () => {
  test('is cut off from the bus for as long as it is told, and answers again when that is over', async () => {
    await eventually(async () => expect(await askSky()).toMatchObject({ kind: 'answered' }));
    await cutOff('both');
    await eventually(async () => expect(await askSky()).toMatchObject({ kind: 'answered' }), { timeout: 20_000 });
  });

  test('that is not heard answers nothing, and says what it had to say when it is heard again', async () => {
    await cutOff('out');
    await eventually(async () => expect(await askSky()).toMatchObject({ kind: 'answered' }), { timeout: 20_000 });
  });

  test('writes nothing to a bucket that is closed to it', async () => {
    const lease = { service: 'oracle', instance: DELPHI, version: '0.0.0', startedAt: 0 };
    const value = instancesBucket.value.parse(lease);
    await set({ kind: 'no-writes', bucket: 'instances', forMs: 60_000 });
    await expect(oracle.bucket(instancesBucket).put(lease, value)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await operator.askOnce(controlFaults, { instance: DELPHI }, { ask: 'clear' }, 2_000);
    expect(await oracle.bucket(instancesBucket).put(lease, value)).toBeGreaterThan(0);
  });

  test('writes late to a bucket, after what others write meanwhile', async () => {
    const writing = (bus: Bus, service: string): Promise<number> => {
      const lease = { service, instance: DELPHI, version: '0.0.0', startedAt: 0 };
      return bus.bucket(instancesBucket).put(lease, instancesBucket.value.parse(lease));
    };
    await set({ kind: 'late-writes', bucket: 'instances', byMs: 300, forMs: 60_000 });
    const late = writing(oracle, 'oracle');
    const inTime = await writing(operator, 'operator');
    expect(await late).toBeGreaterThan(inTime);
  });

  test('stands still where it cannot write since nobody leads, and nowhere else', async () => {
    const lease = { service: 'oracle', instance: DELPHI, version: '0.0.0', startedAt: 0 };
    const write = (): Promise<number> => oracle.bucket(instancesBucket).put(lease, instancesBucket.value.parse(lease));
    await set({ kind: 'freeze', at: 'in-election', forMs: 1 });
    await write();
    expect(oracle.faults?.list()).toHaveLength(1);
    const { jsm } = await nats.operator();
    await jsm.streams.delete('KV_instances');
    await expect(write()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect(oracle.faults?.list()).toEqual([]);
    await provision(jsm, { replicas: 1 });
  });

  test('is the only one: elsewhere nobody answers', async () => {
    await oracle.close();
    const elsewhere = await connect('oracle', rehearsingProfile, 'off');
    await elsewhere.serve([answer(weather, () => Promise.resolve({ sky: 'grey' }))]);
    expect((await set({ kind: 'exit', at: 'before-reply' })).kind).toBe('nobody');
    expect(elsewhere.faults).toBeUndefined();
    await elsewhere.close();
  });
});
