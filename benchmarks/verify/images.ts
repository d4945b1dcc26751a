// Builds every image with buildah, without Docker, and runs the platform from them as compose.yaml says: each container
// healthy by its own health check, a phone registers with digest, every process ends cleanly when asked. The base images
// are made on the spot from Debian's packages and npm, and nats-server is Debian's. Tells seconds and sizes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { composeFile, imageName, interpolate, until } from '@callweave/test';
import { makeBaseImages } from '../images/base-images.ts';
import { Builder } from '../images/builder.ts';
import { ComposeRun, type Container } from '../images/compose-run.ts';

const HEALTHY_MS = 240_000;
const KERNEL = 'callweave/rtpengine-kernel';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'callweave-images-'));
const builder = new Builder(directory);
const say = (text: string): void => console.error(text);

try {
  say('base images');
  await makeBaseImages(builder, directory, root);
  const built = await buildAll();
  const platform = await runPlatform();
  console.log(JSON.stringify({ images: built, platform }));
} finally {
  await builder.close();
  rmSync(directory, { recursive: true, force: true });
}

async function buildAll(): Promise<Record<string, { seconds: number; size: string }>> {
  const result: Record<string, { seconds: number; size: string }> = {};
  const jobs = Object.values(composeFile().services).flatMap(({ image, build }) =>
    build === undefined ? [] : [{ image: interpolate(image), dockerfile: build.dockerfile, args: build.args }],
  );
  for (const { image, dockerfile, args } of [
    ...jobs,
    { image: `${KERNEL}:0.1.0`, dockerfile: 'kernel-modules/rtpengine/Dockerfile', args: {} },
  ]) {
    if (image in result) continue;
    const seconds = await builder.build(image, dockerfile, args, root);
    result[image] = { seconds, size: await builder.sizeOf(image) };
    say(`${image}: ${String(seconds)} s, ${result[image].size}`);
  }
  return result;
}

async function runPlatform(): Promise<object> {
  const compose = await ComposeRun.open(builder, directory);
  try {
    // Before there are secrets nothing of compose.yaml can be filled in, so the tool is run as docs/docker.md does.
    compose.provide(await compose.secrets());
    const data = compose.volume('nats-data');
    await compose.finish('nats-config', [...compose.service('nats-config').command, '--store-dir', data]);
    const config = join(compose.volume('nats-config'), 'nats.conf');
    const startedAt = performance.now();
    compose.startBeside('nats-server', ['--config', config], compose.environment('nats'));
    await compose.finish('provision');

    const containers: Container[] = [];
    for (const [name, service] of Object.entries(composeFile().services)) {
      if (imageName(service) === undefined || imageName(service) === 'cli') continue;
      containers.push(await compose.start(name));
    }
    for (const container of containers) await healthy(container);
    const readySeconds = Math.round((performance.now() - startedAt) / 1_000);
    say(`${String(containers.length)} containers are healthy after ${String(readySeconds)} s`);

    const added = await compose.finish('callweave', ['users', 'add', 'alice', '--password', 'correct-horse']);
    const phone = [
      '-U',
      '-n',
      '-H',
      '127.0.0.1',
      '-C',
      'sip:alice@127.0.0.1:5999',
      '-s',
      'sip:alice@127.0.0.1:5060',
      '-u',
      'alice',
    ];
    const register = compose.startBeside('sipsak', [...phone, '-a', 'correct-horse', '-x', '120', '-v']);
    const registered = (await register.exited) === 0;
    const registrations = await compose.finish('callweave', ['registrations', '--json']);
    if (!registered || !registrations.includes('127.0.0.1:5999')) {
      throw new Error(`no registration: ${added}${register.output()}${registrations}`);
    }
    say('a phone is registered');

    await compose.askToEnd();
    const exits = await Promise.all(containers.map(async ({ name, started }) => [name, await started.exited] as const));
    const unclean = exits.filter(([, code]) => code !== 0);
    if (unclean.length > 0) throw new Error(`did not end cleanly: ${JSON.stringify(unclean)}`);
    return { containers: containers.length, readySeconds, registered, endedCleanly: exits.length };
  } finally {
    await compose.close();
  }
}

async function healthy({ name, started, isHealthy }: Container): Promise<void> {
  let ended: number | null | undefined;
  void started.exited.then((code) => (ended = code));
  try {
    await until(
      `${name} is healthy`,
      async () => {
        if (ended !== undefined) throw new Error(`${name} ended with ${String(ended)}`);
        return isHealthy();
      },
      HEALTHY_MS,
    );
  } catch (error) {
    throw new Error(`${name}: ${started.output().slice(-2_000)}`, { cause: error });
  }
}
