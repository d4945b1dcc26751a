import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'dns-packet';
import { vi } from 'vitest';
import { type Programs } from './programs.ts';

/** A running NSD. */
export interface NameServer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** Serves the zone `example.test`, whose records are given, with a negative TTL of 60 s. */
export async function startNameServer(programs: Programs, records: readonly string[]): Promise<NameServer> {
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
  const child = await programs.start('nsd', ['-d', '-c', join(directory, 'conf')]);
  const resolver = new Resolver({ timeout: 100, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  await vi.waitFor(() => resolver.resolve4('ns.example.test'), 20_000);
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    await rm(directory, { recursive: true, force: true });
  };
  return { address: `127.0.0.1:${port}`, port, kill };
}

/** What stands before a name server and notes what is asked. */
export interface Eavesdropper {
  readonly address: string;
  /** `SRV _sip._udp.example.test`, in the order in which it came. */
  readonly asked: string[];
  close(): void;
}

/** Passes datagrams on. */
export async function eavesdropOn(server: NameServer): Promise<Eavesdropper> {
  const asked: string[] = [];
  const front = createSocket('udp4');
  front.on('message', (bytes, asker) => {
    const [question] = decode(bytes).questions ?? [];
    asked.push(`${question?.type ?? ''} ${question?.name ?? ''}`);
    const back = createSocket('udp4');
    back.once('message', (reply) => {
      front.send(reply, asker.port, asker.address);
      back.close();
    });
    back.send(bytes, server.port, '127.0.0.1');
  });
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${front.address().port}`, asked, close: () => front.close() };
}

/** A port that nobody has, by TCP; NSD says so when somebody takes it by UDP meanwhile. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
