import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bucket, type Connection, natsServerConfig, openConnection } from '@callweave/bus';
import { systemClock } from '@callweave/clock';
import { defaultTenant, serviceProfiles, subscribersBucket, tenantsBucket, User } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PortFinder } from '../src/free-ports.ts';
import { provisionPlatform } from '../src/provision-platform.ts';
import { loadSecrets, type Secrets } from '../src/secrets.ts';
import { serverPath, spawnChild } from '../src/spawn-child.ts';
import { type Child } from '../src/supervised-process.ts';

const alice = { tenant: defaultTenant, user: User.parse('alice') };
const host = '127.0.0.1';

let folder: string;
let url: string;
let secrets: Secrets;
let server: Child | undefined;
let ended: Promise<string>;
const open: Connection[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'callweave-nats-config-'));
  secrets = loadSecrets(join(folder, 'secrets.json'));
  const port = await new PortFinder().find(host);
  url = `nats://${host}:${String(port)}`;
  const file = join(folder, 'nats.conf');
  const password = (user: string): string => secrets.natsPasswords[user] ?? '';
  writeFileSync(file, natsServerConfig({ host, port, storeDir: folder, profiles: serviceProfiles, password }));
  ended = new Promise((resolve) => {
    const env = { PATH: serverPath({}) };
    const command = { program: 'nats-server', args: ['--config', file], env, isNode: false };
    server = spawnChild({ ...command, logFile: join(folder, 'nats.log') }, false, resolve);
  });
  const connection = await connectAs('operator', secrets.natsPasswords['operator'], true);
  const { accounts } = secrets;
  await provisionPlatform({ connection, clock: systemClock, replicas: 1, accounts });
});

afterAll(async () => {
  await Promise.all(open.map(({ nc }) => nc.close()));
  server?.kill('SIGKILL');
  await ended;
  rmSync(folder, { recursive: true });
});

async function connectAs(user: string, password = secrets.natsPasswords[user], waitForServer = false) {
  const connection = await openConnection({ url, user, password, name: user, waitForServer }, recordLogs());
  open.push(connection);
  return connection;
}

describe('the nats-server of a platform', () => {
  test('the operator may read the accounts, and so may auth', async () => {
    for (const user of ['operator', 'auth-challenge-affinity']) {
      const subscribers = new Bucket(subscribersBucket, await connectAs(user), systemClock);
      expect((await subscribers.get(alice))?.value.user).toBe('alice');
    }
  });

  test.each(['registrar', 'edge-signaling'])('%s may neither read nor write them', async (user) => {
    const subscribers = new Bucket(subscribersBucket, await connectAs(user), systemClock);
    await expect(subscribers.get(alice)).rejects.toThrow();
    const operator = new Bucket(subscribersBucket, await connectAs('operator'), systemClock);
    const entry = await operator.get(alice);
    if (entry === undefined) throw new Error('no alice');
    await expect(subscribers.put(alice, { ...entry.value, realm: 'elsewhere' })).rejects.toThrow();
    expect((await operator.get(alice))?.revision).toBe(entry.revision);
  });

  test('nobody comes in without a user or with a wrong password', async () => {
    await expect(connectAs('operator', 'wrong')).rejects.toThrow();
    await expect(openConnection({ url, name: 'nobody', waitForServer: false }, recordLogs())).rejects.toThrow();
  });

  test('a second provisioning changes nothing that is there, and tells whose password is another now', async () => {
    const connection = await connectAs('operator');
    const tenants = new Bucket(tenantsBucket, connection, systemClock);
    await tenants.put(alice, {
      tenant: defaultTenant,
      realm: 'callweave',
      domains: ['sip.test'],
      minimumAlgorithm: 'SHA-256',
    });
    const accounts = { ...secrets.accounts, alice: 'another' };
    const usable = await provisionPlatform({ connection, clock: systemClock, replicas: 1, accounts });
    expect(usable).toEqual(['bob']);
    expect((await tenants.get(alice))?.value).toMatchObject({ domains: ['sip.test'], minimumAlgorithm: 'SHA-256' });
    const subscriber = await new Bucket(subscribersBucket, connection, systemClock).list();
    expect(subscriber.map(({ value }) => value.user).sort()).toEqual(['alice', 'bob']);
  });
});
