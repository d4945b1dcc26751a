import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, openConnection, operatorUser } from '@callweave/bus';
import { recordLogs } from '@callweave/telemetry/testing';
import getPort from 'get-port';
import { openTcpSwitch, type TcpSwitch } from './tcp-switch.ts';
import { tied } from './tied.ts';
import { until } from './until.ts';

const HOST = '127.0.0.1';
const NODES = 3;

type ClusterInfo = NonNullable<Awaited<ReturnType<Connection['jsm']['streams']['info']>>['cluster']>;

/** Three nats-servers that are one bus, of the operator alone. */
export interface NatsCluster {
  /** What a platform is told in order to use it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Resolves when every stream has a leader, and every copy of it is up to date. */
  whole(): Promise<void>;
  readonly nodes: readonly NatsNode[];
  /** The node that leads what is kept of calls, or another stream. */
  leader(stream?: string): Promise<NatsNode>;
  stop(): void;
}

/** One of them. */
export interface NatsNode {
  readonly name: string;
  signal(signal: NodeJS.Signals): void;
  /** Asks it to hand over what it leads, to send its clients elsewhere and to end. */
  leave(): void;
  isRunning(): boolean;
  /** Starts it again after it ended. */
  start(): void;
  /** Nothing passes any more between it and anybody else, until it is mended. */
  cut(): void;
  mend(): void;
}

/** Where a node is. */
interface Place {
  readonly name: string;
  readonly client: number;
  readonly route: number;
  /** To what its clients connect. */
  readonly door: TcpSwitch;
}

interface Wire {
  readonly from: Place;
  readonly to: Place;
  readonly wire: TcpSwitch;
}

/** Starts the cluster and waits until it has elected who leads it. */
export async function startNatsCluster(): Promise<NatsCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'callweave-cluster-'));
  const password = randomBytes(9).toString('base64url');
  const taken: number[] = [];
  const port = async (): Promise<number> => {
    const free = await getPort({ host: HOST, exclude: taken });
    taken.push(free);
    return free;
  };
  const layWire = (to: number): Promise<TcpSwitch> => openTcpSwitch(HOST, 0, `${HOST}:${String(to)}`);
  const places: Place[] = [];
  for (let i = 0; i < NODES; i++) {
    const [client, route] = [await port(), await port()];
    places.push({ name: `node-${String(i)}`, client, route, door: await layWire(client) });
  }
  /** Each node has a wire to each of the others. */
  const wires: Wire[] = [];
  for (const from of places) {
    for (const to of places) if (from !== to) wires.push({ from, to, wire: await layWire(to.route) });
  }
  const children = new Map<string, ChildProcess>();
  const nodes = places.map((place): NatsNode => {
    const { name, client, route, door } = place;
    const own = wires.filter(({ from, to }) => from === place || to === place).map(({ wire }) => wire);
    const routes = wires.flatMap(({ from, wire }) => (from === place ? [`nats://${HOST}:${String(wire.port)}`] : []));
    const config = join(directory, `${name}.json`);
    const settings = {
      ...{ server_name: name, host: HOST, port: client, ping_interval: '2s', ping_max: 2 },
      // As the chart has it.
      ...{ lame_duck_grace_period: '2s', lame_duck_duration: '30s' },
      jetstream: { store_dir: join(directory, name) },
      // It tells nobody of its ports: who is to reach it knows the wires.
      cluster: { name: 'callweave', listen: `${HOST}:${String(route)}`, routes, no_advertise: true },
      authorization: { users: [{ user: operatorUser, password }] },
    };
    writeFileSync(config, JSON.stringify(settings));
    const start = (): void => {
      const env = { PATH: '/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/bin' };
      children.set(name, spawn(...tied('nats-server', ['-c', config]), { stdio: 'ignore', env }));
    };
    start();
    const isRunning = (): boolean => {
      const { exitCode = 0, signalCode = null } = children.get(name) ?? {};
      return exitCode === null && signalCode === null;
    };
    const cut = (): void => [door, ...own].forEach((wire) => wire.cut());
    const mend = (): void => [door, ...own].forEach((wire) => wire.mend());
    const signal = (which: NodeJS.Signals): void => void children.get(name)?.kill(which);
    return { name, start, isRunning, cut, mend, signal, leave: () => signal('SIGUSR2') };
  });
  const url = places.map(({ door }) => `nats://${operatorUser}:${password}@${HOST}:${String(door.port)}`).join(',');
  const bus = await openConnection({ url, name: operatorUser }, recordLogs());
  const all = async (isWell: (cluster: ClusterInfo | undefined) => boolean): Promise<boolean> => {
    try {
      for await (const { cluster } of bus.jsm.streams.list()) if (!isWell(cluster)) return false;
      return true;
    } catch {
      // Whoever leads all of them is being elected.
      return false;
    }
  };
  const isLed = (cluster: ClusterInfo | undefined): boolean => cluster?.leader !== undefined;
  const isWhole = (cluster: ClusterInfo | undefined): boolean => {
    const copies = cluster?.replicas ?? [];
    return isLed(cluster) && copies.length === NODES - 1 && copies.every(({ current, offline }) => current && !offline);
  };
  const leads = async (): Promise<boolean> => {
    try {
      await bus.jsm.getAccountInfo();
      return true;
    } catch {
      // Nobody does yet.
      return false;
    }
  };
  await until('the cluster has a leader', leads, 60_000);
  return {
    settings: {
      CALLWEAVE_NATS_URL: url,
      CALLWEAVE_NATS_USER: operatorUser,
      CALLWEAVE_NATS_PASSWORD: password,
      CALLWEAVE_NATS_REPLICAS: String(NODES),
    },
    whole: () => until('every copy is up to date', () => all(isWhole), 120_000),
    nodes,
    leader: async (stream = 'KV_calls') => {
      const { cluster } = await bus.jsm.streams.info(stream);
      const found = nodes.find(({ name }) => name === cluster?.leader);
      if (found === undefined) throw new Error('nobody leads');
      return found;
    },
    stop: () => {
      void bus.nc.close();
      for (const child of children.values()) child.kill('SIGKILL');
      for (const wire of [...places.map(({ door }) => door), ...wires.map(({ wire }) => wire)]) wire.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
