import { type Bus } from '@callweave/bus';
import { type NatsServer, startNats } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import { defaultTenant, edgeProfile, routeCall, Tenant } from '@callweave/contracts';
import { createInstanceId, loadConfig, type RunningService } from '@callweave/service';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
