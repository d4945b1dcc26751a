import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serviceProfiles } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { chartNames, chartsFolder, ciValues, render } from './support/helm.ts';
import { type Container, containers, type Manifest, workloads } from './support/manifest.ts';

const repository = join(chartsFolder, '..');
const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const run = promisify(execFile);

/** Variables that a process knows, by process, from the page that is generated from its sources. */
const known = new Map(
  read('docs/reference/config.md')
    .split(/^## /m)
    .slice(1)
    .map((section) => [
      section.slice(0, section.indexOf('\n')),
      [...section.matchAll(/^\| `(\w+)`/gm)].map((match) => match[1] ?? ''),
    ]),
);

const rendered = (
  await Promise.all(
    chartNames
      .filter((chart) => chart !== 'callweave')
      .flatMap((chart) => [undefined, ...ciValues(chart)].map((values) => render(chart, values))),
  )
).flat();

const ours: readonly (Container & { readonly process: string })[] = workloads(rendered).flatMap(({ pod }) =>
  containers(pod).flatMap((container) => {
    const process = /(?:^|\/)callweave\/([\w-]+):/.exec(container.image)?.[1];
    return process === undefined || !existsSync(join(repository, 'services', process)) ? [] : { ...container, process };
  }),
);

describe('charts and processes speak of the same things', () => {
  test('every image of ours is that of a process, or of rtpengine', () => {
    const images = workloads(rendered).flatMap(({ pod }) => containers(pod).map(({ image }) => image));
    const names = new Set(images.flatMap((image) => /(?:^|\/)callweave\/([\w-]+):/.exec(image)?.[1] ?? []));
    const others = [...names].filter((name) => !existsSync(join(repository, 'services', name, 'package.json')));
    expect(others.sort()).toEqual(['rtpengine', 'rtpengine-kernel']);
  });

  test('every process of ours but the one for a single machine has its place in a chart', () => {
    const processes = readdirSync(join(repository, 'services')).filter((name) => name !== 'supervisor');
    expect([...new Set(ours.map(({ process }) => process))].sort()).toEqual(processes);
  });

  test('every variable that a chart sets is one that the process reads', () => {
    const everywhere = known.get('Every process') ?? [];
    // The command line tool reads what every process on the bus reads.
    const bus = (known.get('registrar') ?? []).filter((name) => name.startsWith('CALLWEAVE_NATS_'));
    const stray = ours.flatMap(({ process, env = [] }) => {
      const own = process === 'cli' ? bus : (known.get(process) ?? []);
      const readBy = new Set([...everywhere, ...own, 'POD_IP', 'NODE_OPTIONS']);
      return env.filter(({ name }) => !readBy.has(name)).map(({ name }) => `${process}: ${name}`);
    });
    expect([...new Set(stray)]).toEqual([]);
  });

  test('what a process cannot do without is set', () => {
    const required = (process: string): string[] => {
      const section = read('docs/reference/config.md').split(`\n## ${process}\n`)[1]?.split('\n## ')[0] ?? '';
      return [...section.matchAll(/^\| `(\w+)` \|.*\| required \|/gm)].map((match) => match[1] ?? '');
    };
    const missing = ours.flatMap(({ process, command, env = [] }) =>
      (command === undefined ? required(process) : [])
        .filter((variable) => !env.some(({ name }) => name === variable))
        .map((variable) => `${process}: ${variable}`),
    );
    expect([...new Set(missing)]).toEqual([]);
  });

  test('every metric that an autoscaler asks for is one that the process has', () => {
    const asked = [...JSON.stringify(rendered).matchAll(/"metric":\{"name":"(\w+)"\}/g)].map((match) => match[1] ?? '');
    expect(new Set(asked)).toEqual(new Set(['callweave_edge_calls', 'callweave_app_sessions']));
    const page = read('docs/reference/metrics.md');
    for (const metric of asked) expect(page).toContain(`| \`${metric}\` | gauge |`);
  });

  test('every flag of an engine is one that the engine knows', async () => {
    const { stdout } = await run(process.execPath, [
      join(repository, 'services/sip-engine/bin/callweave-sip-engine.mjs'),
      '--help',
    ]);
    const flags = ours.filter((one) => one.process === 'sip-engine').flatMap(({ args = [] }) => args);
    const used = new Set(flags.filter((flag) => flag.startsWith('--')));
    expect(used.size).toBeGreaterThan(5);
    for (const flag of used) expect(stdout).toContain(`${flag} `);
  });

  test('every user that a service is on the bus has permissions and a password', () => {
    const users = JSON.parse(read('charts/nats/files/users.json')) as { user: string }[];
    expect(users.map(({ user }) => user)).toEqual(serviceProfiles.map(({ name }) => name));
    const passwords = envOf(rendered, 'nats').filter(({ name }) => name.startsWith('NATS_PASSWORD_'));
    expect(passwords.map(({ valueFrom }) => valueFrom?.secretKeyRef?.key)).toEqual([
      ...['operator', 'cluster'],
      ...users.map(({ user }) => user),
    ]);
    const asked = ours.flatMap(({ env = [] }) => env.filter(({ name }) => name === 'CALLWEAVE_NATS_USER'));
    for (const { value } of asked) expect(['operator', ...users.map(({ user }) => user)]).toContain(value);
  });

  test('the version is that of the product', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    for (const chart of ['common', ...chartNames]) {
      expect(read(`charts/${chart}/Chart.yaml`)).toMatch(new RegExp(`\nversion: ${version}\nappVersion: ${version}\n`));
    }
  });
});

function envOf(manifests: readonly Manifest[], container: string): NonNullable<Container['env']> {
  const all = workloads(manifests).flatMap(({ pod }) => containers(pod));
  return all.find(({ name }) => name === container)?.env ?? [];
}
