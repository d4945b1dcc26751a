import { serviceProfiles } from '@callweave/contracts';
import * as dclint from 'dclint';
import { describe, expect, test, vi } from 'vitest';
import { composeFile, type ComposeService, imageName, interpolate, requiredVariables } from '@callweave/test';
import { read, root, services, settings } from './repository.ts';

vi.setConfig({ testTimeout: 60_000 });

/** What is used of dclint, whose own types do not resolve. */
interface Linter {
  lintFiles(paths: string[], recursive: boolean): readonly { readonly messages: readonly Complaint[] }[];
}
interface Complaint {
  readonly type: string;
  readonly line: number;
  readonly message: string;
}
const { DCLinter } = dclint as unknown as { readonly DCLinter: new (config: object) => Linter };

const { services: containers, volumes } = composeFile();
const all = Object.entries(containers);
const ours = all.flatMap(([name, container]) => {
  const image = imageName(container);
  return image === undefined || image === 'cli' || image === 'rtpengine' ? [] : [{ name, image, container }];
});
const known = settings();

/** Variables that others' programs read. */
const foreign: ReadonlySet<string> = new Set(['DRACHTIO_SECRET']);

function mainSetting(container: ComposeService, name: string): string {
  return interpolate(container.environment[name] ?? '');
}

describe('compose.yaml', () => {
  test('is what a compose file may be', () => {
    const linter = new DCLinter({
      // An image is named so that both replicas run the one that was built.
      rules: { 'no-build-and-image': 0, 'service-image-require-explicit-tag': 2, 'no-duplicate-exported-ports': 2 },
      quiet: true,
      debug: false,
      exclude: [],
    });
    const errors = linter.lintFiles([`${root}compose.yaml`], false).flatMap(({ messages }) => messages);
    expect(errors.filter(({ type }) => type === 'error').map(({ line, message }) => [line, message])).toEqual([]);
  });

  test('runs every service there is, and each that takes work twice', () => {
    const count = (service: string): number => ours.filter(({ image }) => image === service).length;
    const servers = services().filter((name) => name !== 'cli');
    expect(servers.filter((service) => count(service) === 0)).toEqual([]);
    const twice = [...serviceProfiles.map(({ name }) => name), 'sip-engine'].filter((name) => name !== 'console');
    expect(twice.filter((service) => count(service) < 2)).toEqual([]);
  });

  test('runs the version of these sources', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    for (const [, { image }] of all.filter(([, container]) => imageName(container) !== undefined)) {
      expect(image).toMatch(new RegExp(`:\\$\\{CALLWEAVE_VERSION:-${version}\\}$`));
    }
  });

  test('takes every image at a pinned version', () => {
    for (const [, { image }] of all) expect(interpolate(image)).toMatch(/:\d+\.\d+\.\d+[\w.-]*$/);
  });

  test('builds each image from the service it is named for', () => {
    for (const [, container] of all.filter(([, { build }]) => build?.dockerfile === 'Dockerfile')) {
      expect(container.build?.args['SERVICE']).toBe(imageName(container));
    }
  });

  test('gives nobody more rights than it needs', () => {
    for (const [name, container] of all.filter(([other]) => other !== 'jaeger')) {
      expect({ name, ...container }).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    }
  });

  test('says nothing that docs/reference/config.md does not know', () => {
    for (const { image, container } of ours) {
      const names = new Set([
        ...(known.get('Every process')?.keys() ?? []),
        ...(known.get(image)?.keys() ?? []),
        ...foreign,
      ]);
      expect(Object.keys(container.environment).filter((name) => !names.has(name))).toEqual([]);
    }
  });

  test('says everything that a service cannot do without', () => {
    for (const { name, image, container } of ours) {
      const required = [...(known.get(image) ?? [])].filter(([, setting]) => setting.required).map(([key]) => key);
      expect({ name, missing: required.filter((key) => !(key in container.environment)) }).toEqual({
        name,
        missing: [],
      });
    }
  });

  test('lets each service onto the bus as itself, and the bus know them all', () => {
    const variable = (user: string): string => `NATS_PASSWORD_${user.toUpperCase().replaceAll('-', '_')}`;
    const users = ['operator', ...serviceProfiles.map(({ name }) => name)];
    expect(Object.keys(containers['nats']?.environment ?? {}).sort()).toEqual(users.map(variable).sort());
    for (const { image, container } of ours.filter((one) => 'CALLWEAVE_NATS_USER' in one.container.environment)) {
      expect(container.environment).toMatchObject({ CALLWEAVE_NATS_USER: image });
      expect(container.environment['CALLWEAVE_NATS_PASSWORD']).toContain(`\${${variable(image)}:?`);
    }
  });

  test('does not start without the secrets', () => {
    const users = ['operator', ...serviceProfiles.map(({ name }) => name)];
    const passwords = users.map((user) => `NATS_PASSWORD_${user.toUpperCase().replaceAll('-', '_')}`);
    expect(requiredVariables()).toEqual([...passwords, 'ENGINE_SECRET', 'MEDIA_SECRET', 'CONSOLE_TOKEN'].sort());
  });

  test('keeps the ports of its containers apart, and connects them where the others listen', () => {
    const portOf = (container: ComposeService | undefined, flag: string): string =>
      container?.command[container.command.indexOf(flag) + 1] ?? '';
    const http = ours.map(({ container }) => mainSetting(container, 'CALLWEAVE_HTTP_PORT'));
    const engines = ours.filter(({ image }) => image === 'sip-engine');
    const control = engines.map(({ container }) => portOf(container, '--port'));
    const sip = engines.flatMap(({ container }) =>
      container.command.flatMap((word) => /:(\d+);transport=/.exec(interpolate(word))?.[1] ?? []),
    );
    const others = ['4222', '8222', '2223', '8021', '5080', '8060'];
    const ports = [...http, ...control, ...sip, ...others];
    expect(ports.filter((port) => !/^\d{4,5}$/.test(port))).toEqual([]);
    expect(ports.filter((port, index) => ports.indexOf(port) !== index)).toEqual([]);

    const controlOf = (name: string): string => `127.0.0.1:${portOf(containers[name], '--port')}`;
    expect(containers['edge-signaling-1']?.environment).toMatchObject({ CALLWEAVE_ENGINE: controlOf('sip-engine-1') });
    expect(containers['edge-signaling-2']?.environment).toMatchObject({ CALLWEAVE_ENGINE: controlOf('sip-engine-2') });
    expect(containers['app-server']?.environment).toMatchObject({ CALLWEAVE_ENGINE: controlOf('app-engine') });
    const applications = mainSetting(containers['edge-signaling-1'] ?? fail(), 'CALLWEAVE_APP_SERVER');
    expect(portOf(containers['app-engine'], '--contact')).toContain(`:${applications.split(':')[1] ?? ''};`);
  });

  test('has the engines of edges ask about calls that another edge may have had, and wait for edges that start again', () => {
    const flags = ['--offer-unknown-dialogs', '--app-grace'];
    const asking = ours.filter(({ container }) => flags.every((flag) => container.command.includes(flag)));
    expect(asking.map(({ container }) => container)).toEqual([containers['sip-engine-1'], containers['sip-engine-2']]);
  });

  test('keeps the state of each container apart from that of the others', () => {
    const stateful = ours.filter(({ image }) => known.get(image)?.has('CALLWEAVE_STATE_DIR') === true);
    const states = stateful.map(({ container }) =>
      container.volumes.find((text) => text.endsWith(':/var/lib/callweave')),
    );
    expect(states).not.toContain(undefined);
    expect(new Set(states).size).toBe(states.length);
    const used = all.flatMap(([, container]) => container.volumes.map((text) => text.split(':')[0] ?? ''));
    expect(Object.keys(volumes).sort()).toEqual([...new Set(used)].sort());
  });

  test('waits for containers that there are', () => {
    const names = all.flatMap(([, container]) => Object.keys(container.depends_on));
    expect(names.filter((name) => !(name in containers))).toEqual([]);
    for (const { name, container } of ours.filter((one) => 'CALLWEAVE_NATS_URL' in one.container.environment)) {
      expect({ name, ...container.depends_on }).toMatchObject({
        provision: { condition: 'service_completed_successfully' },
      });
    }
  });
});

function fail(): never {
  throw new Error('no such container');
}
