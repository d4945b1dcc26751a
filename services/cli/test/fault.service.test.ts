import { Bus } from '@callweave/bus';
import { type NatsServer, startNats } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import { registrarProfile } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { operatorOf, runCli } from './run-cli.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const instance = 'rrrrrrrrrrrrrrrr';
let nats: NatsServer;
let registrar: Bus;

beforeAll(async () => {
  nats = await startNats();
  const config = {
    ...{ natsUrl: nats.url, natsUser: 'registrar', natsPassword: { reveal: () => 'registrar' } },
    faults: 'on' as const,
  };
  const about = { version: '0.0.0', clock: systemClock, log: recordLogs() };
  registrar = await Bus.connectService(registrarProfile, { config, instance, ...about });
  await registrar.serve();
});

afterAll(async () => {
  await registrar.close();
  await nats.stop();
});

const fault = (...args: string[]) => runCli(['fault', ...args], operatorOf(nats));

describe('callweave fault', () => {
  test('sets a fault in a service, shows it, and clears it', async () => {
    const set = await fault('set', 'registrar', 'no-writes', '--bucket', 'location', '--for', '1m');
    expect(set).toMatchObject({ code: 0, stderr: '' });
    expect(registrar.faults?.refusesWritesTo('location')).toBe(true);
    const listed = await fault('list', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject({
      ...{ service: 'registrar', instance },
      faults: [{ fault: { kind: 'no-writes', bucket: 'location', forMs: 60_000 } }],
    });
    expect((await fault('clear', instance)).stdout).toMatch(/registrar +│ r{16} +│ none/);
    expect(registrar.faults?.list()).toEqual([]);
  });

  test('says what it does not know, and where nobody lets faults be set', async () => {
    expect(await fault('set', 'registrar', 'exit', '--at', 'lunch')).toMatchObject({ code: 1 });
    expect(await fault('set', 'registrar', 'cut-off', '--for', 'ever')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--for takes 200ms, 10s or 1m') as string,
    });
    expect(await fault('list', 'media-control')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('CALLWEAVE_FAULTS=on') as string,
    });
  });
});
