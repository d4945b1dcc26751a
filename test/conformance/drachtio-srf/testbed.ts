import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../support/platform.ts';
import { until } from '../../support/until.ts';
import { claimNetwork, type Network } from '../support/network.ts';
import { Processes } from './processes.ts';
import { copySuite, type Suite, type SuiteResult } from './suite.ts';

/** The containers of drachtio-srf's suite as processes on loopback addresses, and engines for it to drive. */
export interface Testbed {
  /** Runs one file of the suite against an engine of its own. */
  run(file: string): Promise<SuiteResult>;
  stop(): Promise<void>;
}

/** A scenario that the suite starts itself, under a name that it calls. */
const STARTED_BY_SUITE = { name: 'sipp-uas-b-teardown', host: 50 };

/** Where the suite's own callers are. */
const CALLER = 200;

/** The first engine's address; each file of the suite has one. */
const FIRST_ENGINE = 100;

/** Twenty programs start at once, on a machine that may have other things to do. */
const START_MS = 60_000;

const PORTS = { sip: 5060, control: 9022 };

/** Starts what the suite needs. */
export async function startTestbed(): Promise<Testbed> {
  const network = await claimNetwork();
  const processes = new Processes();
  const suite = copySuite(network, processes);
  const stop = async (): Promise<void> => {
    await processes.stop();
    suite.remove();
    network.release();
  };
  try {
    return { run: await startCallees(network, suite, processes), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts whom the suite calls; what is given back runs a file of it. */
async function startCallees({ prefix }: Network, suite: Suite, processes: Processes): Promise<Testbed['run']> {
  const named = Object.fromEntries(suite.callees.map(({ name, address }) => [name, address]));
  const names = { ...named, [STARTED_BY_SUITE.name]: `${prefix}.${STARTED_BY_SUITE.host}` };
  const phones = suite.callees.filter(({ scenario }) => scenario !== undefined);
  for (const { scenario = '', address } of phones) {
    const file = join(suite.directory, 'test/scenarios', scenario);
    const args = ['-sf', file, '-i', address, '-p', String(PORTS.sip), '-nostdin'];
    processes.start('sipp', args, { cwd: suite.directory });
  }
  await Promise.all(
    phones.map(({ name, address }) => until(`${name} listens`, () => isTaken(address, PORTS.sip), START_MS)),
  );
  const callee = names['drachtio-uas'] ?? '';
  await startEngine(processes, callee, names);

  let engines = 0;
  return async (file) => {
    const address = `${prefix}.${FIRST_ENGINE + engines++}`;
    const output = await startEngine(processes, address, names);
    const at = (host: string): object => ({ host, port: PORTS.control, secret: 'cymru' });
    const result = await suite.run(file, {
      TESTBED_SUT: address,
      TESTBED_FENCE: pathToFileURL(join(import.meta.dirname, 'engine-has-told.mjs')).href,
      TESTBED_CALLER: `${prefix}.${CALLER}`,
      TESTBED_CALLEES: JSON.stringify(names),
      NODE_CONFIG: JSON.stringify({ 'drachtio-sut': at(address), 'drachtio-uas': at(callee) }),
    });
    return { ...result, output: `${result.output}\n--- engine\n${output()}` };
  };
}

/** Starts one engine, as its own command would, and waits until it listens; gives back what it has printed. */
async function startEngine(
  processes: Processes,
  address: string,
  names: Readonly<Record<string, string>>,
): Promise<() => string> {
  let output = '';
  const resolver = pathToFileURL(join(import.meta.dirname, 'container-names.mjs'));
  for (const [name, of] of Object.entries(names)) resolver.searchParams.set(name, of);
  const child = processes.start(
    process.execPath,
    [
      ...['--import', resolver.href, '--import', 'tsx', '--conditions=@callweave/source'],
      join(root, 'services/sip-engine/src/main.ts'),
      ...['--contact', `sip:${address}:${PORTS.sip};transport=udp`],
      ...['--address', address, '--port', String(PORTS.control)],
    ],
    { cwd: root, onOutput: (text) => (output += text) },
  );
  await until('the engine listens', () => output.includes('engine.ready') || child.exitCode !== null, START_MS);
  if (child.exitCode !== null) throw new Error(`the engine did not start: ${output}`);
  return () => output;
}

/** Whether somebody listens there; asked of the kernel, since a try would take the port from whoever wants it. */
function isTaken(address: string, port: number): boolean {
  const bytes = address.split('.').map(Number).reverse();
  const local = `${Buffer.from(bytes).toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
  return readFileSync('/proc/net/udp', 'latin1').includes(` ${local} `);
}
