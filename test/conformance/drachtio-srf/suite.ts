import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../support/platform.ts';
import { type Processes } from './processes.ts';
import { type Network } from '../support/network.ts';

/** The container network of the suite's compose file; some tests name its addresses. */
const DOCKER_NETWORK = '172.29.0.';

/** A copy of drachtio-srf and its tests, made to call SIPp here where they would call Docker. */
export interface Suite {
  readonly directory: string;
  /** Containers that the suite calls, and what each of them runs. */
  readonly callees: readonly Callee[];
  /** Runs one file of it. */
  run(file: string, environment: Readonly<Record<string, string>>): Promise<SuiteResult>;
  remove(): void;
}

/** A container of the suite that waits for calls. */
export interface Callee {
  readonly name: string;
  readonly address: string;
  /** Scenario of SIPp; undefined for a SIP server. */
  readonly scenario: string | undefined;
}

/** What a file of the suite said. */
export interface SuiteResult {
  /** Assertions that held, in order. */
  readonly passed: readonly string[];
  /** Everything it printed; for whoever wants to know why. */
  readonly output: string;
}

/** Copies the suite; the patch touches no assertion. */
export function copySuite({ prefix }: Network, processes: Processes): Suite {
  const directory = mkdtempSync(join(tmpdir(), 'drachtio-srf-'));
  const from = join(root, 'node_modules/drachtio-srf');
  for (const part of ['lib', 'test', 'config', 'package.json']) {
    cpSync(join(from, part), join(directory, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  execFileSync('git', ['apply', join(import.meta.dirname, 'local-sipp.patch')], { cwd: directory });
  for (const file of readdirSync(join(directory, 'test'), { recursive: true, encoding: 'utf8' })) {
    if (/\.(?:js|yaml|xml)$/.test(file)) moveNetwork(join(directory, 'test', file), prefix);
  }
  return {
    directory,
    callees: readCallees(readFileSync(join(directory, 'test/docker-compose-testbed.yaml'), 'utf8')),
    run: (file, environment) => runFile(processes, directory, file, environment),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function moveNetwork(file: string, prefix: string): void {
  const text = readFileSync(file, 'utf8');
  if (text.includes(DOCKER_NETWORK)) writeFileSync(file, text.replaceAll(DOCKER_NETWORK, `${prefix}.`));
}

/** Name, command and address of each container. */
function readCallees(compose: string): Callee[] {
  const services = compose.slice(compose.indexOf('services:')).split(/\n(?= {2}\S)/);
  return services.flatMap((service) => {
    const name = /container_name: (\S+)/.exec(service)?.[1];
    const address = /ipv4_address: (\S+)/.exec(service)?.[1];
    if (name === undefined || address === undefined) return [];
    return [{ name, address, scenario: /sipp -sf \/tmp\/(\S+)/.exec(service)?.[1] }];
  });
}

async function runFile(
  processes: Processes,
  directory: string,
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<SuiteResult> {
  let output = '';
  const child = processes.start(process.execPath, [join('test', file)], {
    cwd: directory,
    env: { NODE_ENV: 'test', ...environment },
    onOutput: (text) => (output += text),
  });
  await once(child, 'close');
  return { passed: [...output.matchAll(/^ok \d+ (.*)$/gm)].map(([, title = '']) => title), output };
}
