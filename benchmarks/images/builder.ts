import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from './run.ts';

const Config = z.object({
  Docker: z.object({
    config: z.object({
      Entrypoint: z.array(z.string()).nullish(),
      User: z.string(),
      WorkingDir: z.string(),
      Env: z.array(z.string()),
      Healthcheck: z.object({ Test: z.array(z.string()) }).nullish(),
    }),
  }),
});

/** What an image says of how it is run. */
export type ImageConfig = z.infer<typeof Config>['Docker']['config'];

const Images = z.array(z.object({ names: z.array(z.string()).nullish(), size: z.string() }));

/** Builds and runs images with buildah: no daemon, and everything it keeps lies in one directory. */
export class Builder {
  readonly #flags: readonly string[];

  constructor(directory: string) {
    this.#flags = [
      '--root',
      join(directory, 'root'),
      '--runroot',
      join(directory, 'run'),
      '--storage-driver',
      'overlay',
    ];
  }

  /** Command line of buildah with `args`, for who starts it himself. */
  command(...args: readonly string[]): readonly [program: string, args: readonly string[]] {
    return ['buildah', [...this.#flags, ...args]];
  }

  /** Runs buildah to its end; returns its output. */
  buildah(...args: readonly string[]): Promise<string> {
    return run(...this.command(...args));
  }

  /** An image with the files of an archive, and then those of a directory. */
  async importRoot(name: string, archive: string, ...directories: readonly string[]): Promise<void> {
    const container = await this.buildah('from', 'scratch');
    await this.buildah('add', container, archive, '/');
    for (const directory of directories) await this.buildah('copy', container, directory, '/');
    await this.buildah('commit', '--rm', '--quiet', container, name);
  }

  /** Builds a Dockerfile of the repository as Docker would, and returns the seconds it took. */
  async build(
    image: string,
    dockerfile: string,
    buildArgs: Readonly<Record<string, string>>,
    root: string,
  ): Promise<number> {
    const npmrc = join(homedir(), '.npmrc');
    const startedAt = performance.now();
    await this.buildah(
      ...['bud', '--pull-never', '--format', 'docker', '--layers', '--isolation', 'chroot', '--quiet'],
      ...(existsSync(npmrc) ? ['--secret', `id=npmrc,src=${npmrc}`] : []),
      ...Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      ...['--ignorefile', join(root, '.dockerignore'), '--file', join(root, dockerfile), '--tag', image, root],
    );
    return Math.round((performance.now() - startedAt) / 100) / 10;
  }

  /** Size as buildah tells it, base image included. */
  async sizeOf(image: string): Promise<string> {
    const images = Images.parse(JSON.parse(await this.buildah('images', '--json')));
    return images.find(({ names }) => names?.some((name) => name === `localhost/${image}`))?.size ?? 'unknown';
  }

  async configOf(image: string): Promise<ImageConfig> {
    return Config.parse(JSON.parse(await this.buildah('inspect', '--type', 'image', image))).Docker.config;
  }

  /** Lets go of everything that is mounted, so that the directory can be removed. */
  async close(): Promise<void> {
    await this.buildah('rm', '--all');
    await run('sh', [
      '-c',
      `grep -o '${this.#flags[1] ?? ''}[^ ]*' /proc/mounts | sort -r | xargs --no-run-if-empty umount`,
    ]);
  }
}
