import { type Bus } from '@callweave/bus';
import { type NatsServer, startNats } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import {
  defaultTenant,
  edgeProfile,
  type Forwards,
  routeCall,
  Tenant,
  User,
  userSettingsBucket,
} from '@callweave/contracts';
import { createInstanceId, loadConfig, type RunningService } from '@callweave/service';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { config } from '../src/config.ts';
import { startCallRouting } from '../src/service.ts';

let nats: NatsServer;
let edge: Bus;
const replicas: RunningService[] = [];

beforeAll(async () => {
  nats = await startNats();
  edge = await nats.bus(edgeProfile, createInstanceId());
  for (let i = 0; i < 2; i++) replicas.push(await startReplica());
});

afterAll(async () => {
  for (const replica of replicas) await replica.stop();
  await nats.stop();
});

function startReplica(): Promise<RunningService> {
  return startCallRouting({
    name: 'call-routing',
    instance: createInstanceId(),
    version: '0.0.0',
    clock: systemClock,
    log: recordLogs(),
    config: loadConfig(config, {
      CALLWEAVE_NATS_URL: nats.url,
      CALLWEAVE_NATS_USER: 'call-routing',
      CALLWEAVE_NATS_PASSWORD: 'call-routing',
    }),
  });
}

function ask(dialled: string, tenant: Tenant = defaultTenant) {
  const question = {
    tenant,
    callId: '0'.repeat(26),
    source: { kind: 'user' as const, user: 'alice' },
    dialled,
    domain: 'example.org',
  };
  return edge.ask(routeCall, { tenant }, question, { deadlineMs: 4_000, attemptMs: 300 });
}

describe('two call-routing replicas on one bus', () => {
  test('calls of every tenant are routed', async () => {
    const user = { kind: 'targets', targets: [{ kind: 'user', user: 'bob', ringSec: 60 }] };
    expect(await ask('bob')).toEqual(user);
    expect(await ask('bob', Tenant.parse('acme'))).toEqual(user);
    expect(await ask('*43', Tenant.parse('acme'))).toMatchObject({ targets: [{ action: 'echo' }] });
    expect(await ask('')).toMatchObject({ kind: 'reject', status: 484 });
  });

  test('users who have set where their calls go, and for how long they ring, are routed so by both', async () => {
    const user = User.parse('carol.x');
    const { js } = await nats.operator();
    const subject = `$KV.${userSettingsBucket.name}.${userSettingsBucket.key({ tenant: defaultTenant, user })}`;
    const set = (forwards: Forwards, ringSec?: number) =>
      js.publish(subject, JSON.stringify({ tenant: defaultTenant, user, forwards, ringSec }));
    const routed = async (target: object): Promise<void> => {
      await vi.waitFor(
        async () => {
          const answers = await Promise.all(Array.from({ length: 20 }, () => ask(user)));
          for (const answer of answers) expect(answer).toEqual({ kind: 'targets', targets: [target] });
        },
        { timeout: 20_000 },
      );
    };
    await set({ busy: 'bob', unreachable: '+4930' }, 15);
    await routed({ kind: 'user', user, ringSec: 15, forwards: { busy: 'bob', unreachable: '+4930' } });
    expect(await ask(user, Tenant.parse('acme'))).toMatchObject({ targets: [{ ringSec: 60 }] });
    await set({});
    await routed({ kind: 'user', user, ringSec: 60 });
  });

  test('when one of them leaves, every call is still routed', async () => {
    const calls = Array.from({ length: 200 }, (_, i) => ask(`user-${String(i)}`));
    const left = replicas.pop();
    await left?.drain();
    await left?.stop();
    const more = Array.from({ length: 200 }, (_, i) => ask(`user-${String(i)}`));
    const kinds = (await Promise.all([...calls, ...more])).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['targets']));
  });
});
