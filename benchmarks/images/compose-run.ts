import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { composeFile, type ComposeService, interpolate } from '@callweave/test';
import { type Builder } from './builder.ts';
import { run, start, type Started } from './run.ts';

const UID = 10_001;

/** A container of compose.yaml that runs. */
export interface Container {
  readonly name: string;
  readonly started: Started;
  /** Whether its health check of compose.yaml, or else of its image, is content. */
  readonly isHealthy: () => Promise<boolean>;
}

/** Runs containers as compose.yaml says, from the images of `builder`, on a loopback network of their own. */
export class ComposeRun {
  readonly #builder: Builder;
  readonly #directory: string;
  readonly #values: Record<string, string>;
  readonly #network: string;
  readonly #services = composeFile().services;

  private constructor(builder: Builder, directory: string, network: string, values: Record<string, string>) {
    this.#builder = builder;
    this.#directory = directory;
    this.#network = network;
    this.#values = values;
  }

  static async open(builder: Builder, directory: string): Promise<ComposeRun> {
    const network = `callweave-${String(process.pid)}`;
    await run('ip', ['netns', 'add', network]);
    await run('ip', ['-n', network, 'link', 'set', 'lo', 'up']);
    return new ComposeRun(builder, directory, network, {});
  }

  /** Values for the variables of compose.yaml, as its .env would have them. */
  provide(env: string): void {
    for (const line of env.split('\n')) {
      const [name = '', value = ''] = line.split('=');
      this.#values[name] = value;
    }
  }

  service(name: string): ComposeService {
    const service = this.#services[name];
    if (service === undefined) throw new Error(`no container ${name} in compose.yaml`);
    return service;
  }

  /** Environment of a container, filled in. */
  environment(name: string): Record<string, string> {
    const entries = Object.entries(this.service(name).environment);
    return Object.fromEntries(entries.map(([key, value]) => [key, interpolate(value, this.#values)]));
  }

  /** Directory in the place of a volume, owned as Docker would make it from the image. */
  volume(name: string): string {
    const path = join(this.#directory, 'volumes', name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chownSync(path, UID, UID);
    return path;
  }

  /** What `callweave secrets` prints; nothing of compose.yaml can be filled in before. */
  async secrets(): Promise<string> {
    const image = interpolate(this.service('provision').image);
    const { Entrypoint } = await this.#builder.configOf(image);
    const container = await this.#builder.buildah('from', '--pull-never', image);
    return this.#builder.buildah('run', '--isolation', 'chroot', container, '--', ...(Entrypoint ?? []), 'secrets');
  }

  /** Starts the container `name`; `args` take the place of its command. */
  async start(name: string, args?: readonly string[]): Promise<Container> {
    const service = this.service(name);
    const image = interpolate(service.image, this.#values);
    const config = await this.#builder.configOf(image);
    const container = await this.#builder.buildah('from', '--pull-never', image);
    const volumes = service.volumes
      .map((text) => text.split(':'))
      .flatMap(([source = '', target = '']) => ['--volume', `${this.volume(source)}:${target}`]);
    const environment = Object.entries(this.environment(name)).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    const inside = (command: readonly string[]): [string, string[]] => {
      const user = service.user ?? config.User;
      const flags = ['--isolation', 'chroot', '--user', user, ...volumes, ...environment];
      const [program, all] = this.#builder.command('run', ...flags, container, '--', ...command);
      return ['ip', ['netns', 'exec', this.#network, program, ...all]];
    };
    const command = (args ?? service.command).map((word) => interpolate(word, this.#values));
    const started = start(...inside([...(config.Entrypoint ?? []), ...command]));
    const test = service.healthcheck.test ?? config.Healthcheck?.Test ?? [];
    const check = test.slice(1).map((word) => interpolate(word));
    return { name, started, isHealthy: async () => (await start(...inside(check)).exited) === 0 };
  }

  /** Runs a container to its end; returns its output. Throws when it fails. */
  async finish(name: string, args?: readonly string[]): Promise<string> {
    const { started } = await this.start(name, args);
    const code = await started.exited;
    if (code !== 0) throw new Error(`${name} ended with ${String(code)}: ${started.output()}`);
    return started.output();
  }

  /** Starts a program of this machine on the network of the containers. */
  startBeside(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): Started {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    return start('ip', ['netns', 'exec', this.#network, 'env', ...variables, program, ...args]);
  }

  /** Asks every process of ours on that network to end, as a stop of the container does. */
  async askToEnd(): Promise<void> {
    await run('sh', [
      '-c',
      `for pid in $(ip netns pids ${this.#network}); do
      tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qE '^(node .*dist/main.js|rtpengine )' && kill -TERM "$pid"
    done; true`,
    ]);
  }

  /** Ends whatever is left and removes the network. */
  async close(): Promise<void> {
    await run('sh', ['-c', `ip netns pids ${this.#network} | xargs --no-run-if-empty kill -KILL; true`]);
    await run('ip', ['netns', 'delete', this.#network]);
  }
}
