import { spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A running NSD. */
export interface NameServer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  /** Ends it at once. */
  kill(): Promise<void>;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const READY_MS = 20_000;
const ASK_EVERY_MS = 50;

/** Serves the zone `example.test`, whose records are given, with a negative TTL of 60 s. */
export async function startNameServer(records: readonly string[]): Promise<NameServer> {
  const directory = await mkdtemp(join(tmpdir(), 'nsd-'));
  const port = await freePort();
  const zone = [
    '$ORIGIN example.test.',
    '$TTL 300',
    '@ SOA ns hostmaster 1 3600 600 86400 60',
    '@ NS ns',
    'ns A 127.0.0.1',
  ];
  await writeFile(join(directory, 'zone'), [...zone, ...records, ''].join('\n'));
  const config = [
    'server:',
    ...[`ip-address: 127.0.0.1@${port}`, 'do-ip6: no', 'username: ""', `zonesdir: "${directory}"`, 'server-count: 1'],
    ...[`pidfile: "${directory}/pid"`, 'database: ""', `xfrdfile: "${directory}/xfrd"`, `xfrdir: "${directory}"`],
    ...[`zonelistfile: "${directory}/zones"`, 'remote-control:', 'control-enable: no'],
    ...['zone:', 'name: example.test', 'zonefile: zone'],
  ];
  await writeFile(join(directory, 'conf'), [...config, ''].join('\n'));
  // It has workers, and is asked to end so that it ends them.
  const nsd = ['--pdeathsig', 'TERM', 'nsd', '-d', '-c', join(directory, 'conf')];
  const child = spawn('setpriv', nsd, { cwd: directory, env: { PATH }, stdio: 'ignore' });
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await answers(port);
  } catch (error) {
    await kill();
    throw error;
  }
  return { address: `127.0.0.1:${port}`, port, kill };
}

async function answers(port: number): Promise<void> {
  const resolver = new Resolver({ timeout: 100, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const end = performance.now() + READY_MS;
  for (;;) {
    try {
      await resolver.resolve4('ns.example.test');
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await pause(ASK_EVERY_MS);
    }
  }
}

/** A port that nobody has, by TCP; NSD says so when somebody takes it by UDP meanwhile. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
