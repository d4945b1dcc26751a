import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Connection, openConnection } from '@callweave/bus';
import { freePort, until } from '@callweave/test';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chartsFolder, render } from './support/helm.ts';
import { type Container, containers, type Manifest, workloads } from './support/manifest.ts';
import { type Running, start } from './support/running.ts';

const LIMIT_MS = 120_000;
const run = promisify(execFile);

/** What stands in the Secret: letters and digits, a letter first. */
const password = (user: string): string => `p${Buffer.from(user).toString('hex')}`;

let folder = '';
let manifests: readonly Manifest[] = [];
let urls: readonly string[] = [];
const running: Running[] = [];
const connections: Connection[] = [];

/** Three nats-servers with the configuration that the chart renders, each in the place of a pod. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'callweave-chart-nats-'));
  manifests = await render('nats');
  const pods = await Promise.all(
    [0, 1, 2].map(async (ordinal) => ({
      name: `nats-${ordinal}`,
      client: await freePort(),
      cluster: await freePort(),
      monitor: await freePort(),
    })),
  );
  urls = pods.map(({ client }) => `nats://127.0.0.1:${client}`);
  const routes = pods.map(({ name, cluster }) => [`${name}.nats-headless:6222`, `127.0.0.1:${cluster}`] as const);
  for (const { name, client, cluster, monitor } of pods) {
    const home = join(folder, name);
    mkdirSync(home);
    const config = replaced(manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['nats.conf'] ?? '', [
      ['port: 4222', `listen: "127.0.0.1:${client}"`],
      ['http_port: 8222', `http: "127.0.0.1:${monitor}"`],
      ['port: 6222', `listen: "127.0.0.1:${cluster}"`],
      ['/var/run/nats/nats.pid', join(home, 'nats.pid')],
      ['store_dir: /data', `store_dir: "${home}"`],
    ]);
    writeFileSync(join(home, 'nats.conf'), config);
    const env = { ...environment(container('nats'), routes), POD_NAME: name };
    running.push(start('nats-server', ['--config', join(home, 'nats.conf')], env));
  }
  const healthy = async (monitor: number): Promise<boolean> => {
    const gone = running.find((server) => server.isGone());
    if (gone !== undefined) throw new Error(gone.output());
    const probe = container('nats').readinessProbe?.httpGet?.path ?? '';
    return fetch(`http://127.0.0.1:${monitor}${probe}`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  for (const { name, monitor } of pods) await until(`${name} is ready`, () => healthy(monitor), LIMIT_MS);
}, LIMIT_MS);

afterAll(async () => {
  await Promise.all(connections.map(({ nc }) => nc.close()));
  await Promise.all(running.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}, LIMIT_MS);

function container(name: string): Container {
  const found = workloads(manifests)
    .flatMap(({ pod }) => containers(pod))
    .find((one) => one.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
}

/** A container's environment as the kubelet makes it: values from Secrets, and `$(NAME)` of those before. */
function environment({ env = [] }: Container, names: Iterable<readonly [string, string]>): Record<string, string> {
  const made: Record<string, string> = {};
  for (const { name, value, valueFrom } of env) {
    if (valueFrom?.secretKeyRef !== undefined) made[name] = password(valueFrom.secretKeyRef.key);
    else if (value !== undefined) {
      made[name] = replaced(
        value.replace(/\$\((\w+)\)/g, (_, key: string) => made[key] ?? ''),
        names,
      );
    }
  }
  return made;
}

function replaced(text: string, pairs: Iterable<readonly [string, string]>): string {
  return [...pairs].reduce((result, [from, to]) => result.replace(from, to), text);
}

async function connect(user: string, pass = password(user)): Promise<Connection> {
  const settings = { url: urls.join(','), user, password: pass, name: user, waitForServer: false };
  const connection = await openConnection(settings, recordLogs());
  connections.push(connection);
  return connection;
}

/** Runs the chart's Job. */
async function provision(): Promise<string> {
  const { args = [], ...job } = container('provision');
  const env = environment(job, [['nats://nats:4222', urls.join(',')]]);
  const cli = join(chartsFolder, '../services/cli/bin/callweave.mjs');
  return (await run(process.execPath, [cli, ...args], { cwd: folder, env })).stdout;
}

test(
  'three servers with the rendered configuration agree, keep three copies, and let each service do its own work only',
  async () => {
    await provision();
    const registrar = await connect('registrar');
    await until('three copies', async () => {
      const { config, cluster } = await registrar.jsm.streams.info('KV_location');
      return config.num_replicas === 3 && (cluster?.replicas?.every(({ current }) => current) ?? false);
    });
    const { cluster } = await registrar.jsm.streams.info('KV_location');
    expect(cluster?.replicas).toHaveLength(2);
    await expect(registrar.jsm.streams.info('KV_subscribers')).rejects.toThrow();
    await expect(connect('registrar', 'wrong')).rejects.toThrow('Authorization');

    // The next release finds everything in place.
    await provision();
    expect(running.filter((server) => server.isGone()).map((server) => server.output())).toEqual([]);
  },
  LIMIT_MS,
);
