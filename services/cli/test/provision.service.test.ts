import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bucket, openConnection } from '@callweave/bus';
import { systemClock } from '@callweave/clock';
import { buckets, defaultTenant, streams, tenantsBucket } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runCli } from './run-cli.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'callweave-provision-'));

let port: number;
let passwords: Record<string, string>;
let server: ChildProcess | undefined;

beforeAll(async () => {
  port = await getPort({ host: '127.0.0.1' });
  const { stdout } = await runCli(['secrets']);
  passwords = Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  );
  const args = ['--port', String(port), '--store-dir', folder, '--output', join(folder, 'nats.conf')];
  expect(await runCli(['nats-config', ...args])).toMatchObject({ code: 0 });
});

afterAll(async () => {
  const ended = new Promise((resolve) => (server === undefined ? resolve(undefined) : server.once('exit', resolve)));
  server?.kill('SIGKILL');
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

function operator(): Record<string, string> {
  return {
    CALLWEAVE_NATS_URL: `nats://127.0.0.1:${String(port)}`,
    CALLWEAVE_NATS_USER: 'operator',
    CALLWEAVE_NATS_PASSWORD: passwords['NATS_PASSWORD_OPERATOR'] ?? '',
  };
}

async function connectAs(user: string, password = passwords[`NATS_PASSWORD_${user.toUpperCase()}`]) {
  const url = `nats://127.0.0.1:${String(port)}`;
  return openConnection({ url, user, password, name: user, waitForServer: false }, recordLogs());
}

describe('callweave provision', () => {
  test('without a bus it says so after the time it was given, exit 1', async () => {
    const { code, stderr } = await runCli(['provision', '--wait-sec', '1'], operator());
    expect(stderr).toContain('could not be provisioned');
    expect(code).toBe(1);
  });

  test('waits for a bus, makes every stream, bucket and the default tenant, and changes nothing the second time', async () => {
    const first = runCli(['provision', '--realm', 'example.org'], operator());
    const variables = Object.entries(passwords).map(([name, value]) => `${name}=${value}`);
    const command = ['nats-server', '--config', join(folder, 'nats.conf')];
    server = spawn('setpriv', ['--pdeathsig', 'KILL', 'env', ...variables, ...command], { stdio: 'ignore' });
    expect(await first).toMatchObject({ code: 0, stderr: '' });

    const { nc, jsm, ...connection } = await connectAs('operator');
    const names = async (): Promise<string[]> => (await jsm.streams.list().next()).map(({ config }) => config.name);
    const wanted = [...streams.map(({ name }) => name), ...buckets.map(({ name }) => `KV_${name}`)].sort();
    expect((await names()).sort()).toEqual(wanted);
    const tenants = new Bucket(tenantsBucket, { nc, jsm, ...connection }, systemClock);
    expect((await tenants.get({ tenant: defaultTenant }))?.value).toMatchObject({ realm: 'example.org' });

    expect(await runCli(['provision', '--realm', 'another.example'], operator())).toMatchObject({ code: 0 });
    expect((await names()).sort()).toEqual(wanted);
    expect((await tenants.get({ tenant: defaultTenant }))?.value).toMatchObject({ realm: 'example.org' });
    await nc.close();
  });

  test('the server lets a service in with its own password only', async () => {
    const { nc } = await connectAs('registrar');
    await nc.close();
    await expect(connectAs('registrar', passwords['NATS_PASSWORD_OPERATOR'])).rejects.toThrow();
  });

  test('its configuration holds no password', () => {
    const text = readFileSync(join(folder, 'nats.conf'), 'utf8');
    for (const password of Object.values(passwords)) expect(text).not.toContain(password);
    expect(text).toContain('"password": $NATS_PASSWORD_OPERATOR');
  });
});

describe('callweave secrets', () => {
  test('makes up others each time, and such as nats-server takes for words', async () => {
    const { stdout } = await runCli(['secrets']);
    const again = stdout.trim().split('\n');
    expect(again.every((line) => /^[A-Z_]+=[A-Za-z][A-Za-z0-9]{31}$/.test(line))).toBe(true);
    expect(again.map((line) => line.split('=')[0])).toEqual(Object.keys(passwords));
    expect(again.filter((line) => Object.values(passwords).some((value) => line.endsWith(value)))).toEqual([]);
  });
});
