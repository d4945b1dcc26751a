import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Environment } from '@callweave/service';
import { type Addresses } from './addresses.ts';
import { type Config } from './config.ts';
import { LOOPBACK } from './port-plan.ts';
import { listenerFlags } from './listeners.ts';
import { tlsFlags } from './tls-files.ts';
import { contactFlags, innerHost, mediaInterfaces, type NetworkSide, privateNetworksOf } from './topology.ts';
import { type Secrets } from './secrets.ts';

/** Groups in the order in which they are stopped; the bus is started first and leaves last. */
export const groups = ['edge', 'service', 'engine', 'media', 'bus'] as const;
export type Group = (typeof groups)[number];

/** How a process tells that it lives. */
export type Health =
  { readonly kind: 'http' } | { readonly kind: 'nats' | 'ng'; readonly host: string; readonly port: number };

/** One process of the platform. */
export interface ProcessSpec {
  /** Unique; also the name of its log file and its state directory. */
  readonly name: string;
  readonly group: Group;
  /** A program in PATH, or the entry of one of ours. */
  readonly program: { readonly command: string } | { readonly entry: string };
  readonly health: Health;
  /** Arguments for this start; `httpPort` is the port of its health endpoint. */
  readonly args: (httpPort: number) => readonly string[];
  /** Settings of its own, added to the environment of the supervisor. */
  readonly env: Environment;
}

/** How a service reaches the bus. */
export interface BusAddress {
  readonly url: string;
  credentials(service: string): { readonly user: string; readonly password: string };
}

export interface TableInput {
  readonly config: Config;
  readonly addresses: Addresses;
  readonly secrets: Secrets;
  readonly bus: BusAddress;
  /** Absolute. */
  readonly stateDir: string;
  readonly natsConfigFile: string;
  /** On how many processors the bus may run at once. */
  readonly busProcessors: string;
}

/** drachtio-server's names for our levels; its quietest is `error`. */
const engineLogLevels: Readonly<Record<Config['logLevel'], string>> = {
  fatal: 'error',
  error: 'error',
  warn: 'warning',
  info: 'info',
  debug: 'debug',
  silent: 'error',
};

/** What all of our services have in common. */
const toldByEnvironment = { health: { kind: 'http' }, args: (): readonly string[] => [] } as const;

/** Every process of the platform; those that are found elsewhere are missing. */
export function processTable(input: TableInput): ProcessSpec[] {
  const { config, addresses } = input;
  return [
    ...natsServer(input),
    ...rtpengine(input),
    ...addresses.control.map((_port, index) => sipEngine(input, index)),
    ...replicas(config.registrars).map((n) => service(input, `registrar-${n}`, 'registrar', registrarEntry)),
    ...replicas(config.auths).map((n) =>
      service(input, `auth-challenge-affinity-${n}`, 'auth-challenge-affinity', authEntry),
    ),
    ...replicas(config.callRoutings).map((n) => service(input, `call-routing-${n}`, 'call-routing', routingEntry)),
    ...replicas(config.mediaControls).map((n) => mediaControl(input, n)),
    ...applications(input),
    consoleOf(input),
    ...addresses.sip.map((_port, index) => edge(input, index)),
  ];
}

const engineEntry = entry('sip-engine', 'callweave-sip-engine');
const registrarEntry = entry('registrar', 'callweave-registrar');
const authEntry = entry('auth-challenge-affinity', 'callweave-auth');
const routingEntry = entry('call-routing', 'callweave-call-routing');
const mediaEntry = entry('media-control', 'callweave-media-control');
const mediaEngineEntry = entry('media-engine', 'callweave-media-engine');
const appServerEntry = entry('app-server', 'callweave-app-server');
const consoleEntry = entry('console', 'callweave-console');
const edgeEntry = entry('edge-signaling', 'callweave-edge-signaling');

function natsServer({ addresses: { nats }, natsConfigFile, busProcessors }: TableInput): ProcessSpec[] {
  if (nats === undefined) return [];
  return [
    {
      name: 'nats-server',
      group: 'bus',
      program: { command: 'nats-server' },
      health: { kind: 'nats', host: LOOPBACK, port: nats },
      args: () => ['--config', natsConfigFile],
      env: { GOMAXPROCS: busProcessors },
    },
  ];
}

/**
 * On how many of a machine's processors its bus may run at once, unless somebody says so. Go wakes one that sleeps for
 * every message, to look for work that the one which took the message has done by then.
 */
export function busShare(all: number): number {
  return Math.max(1, Math.floor(all / 4));
}

function rtpengine({ config: { sipListeners }, addresses: { sides, rtpengine: own } }: TableInput): ProcessSpec[] {
  if (own === undefined) return [];
  const { port, media } = own;
  const args = [
    // Debian's package brings a configuration with ports of its own.
    '--config-file=none',
    '--foreground',
    '--log-stderr',
    '--table=-1',
    ...mediaInterfaces(sides, sipListeners),
    `--listen-ng=${LOOPBACK}:${port}`,
    // A little above the longest ringing time; the default is an hour.
    '--offer-timeout=660',
    `--port-min=${media.min}`,
    `--port-max=${media.max}`,
  ];
  return [
    {
      name: 'rtpengine',
      group: 'media',
      program: { command: 'rtpengine' },
      health: { kind: 'ng', host: LOOPBACK, port },
      args: () => args,
      env: {},
    },
  ];
}

function sipEngine(input: TableInput, index: number): ProcessSpec {
  const { sides, sip, ws, control, listeners } = input.addresses;
  return engineAt(input, `sip-engine-${index + 1}`, {
    sides,
    sip: sip[index] ?? 0,
    ws: ws[index] ?? 0,
    control: control[index] ?? 0,
    flags: [
      ...(listeners[index] ?? []).flatMap(listenerFlags),
      ...tlsFlags(input.config),
      // Another edge may have had the call.
      '--offer-unknown-dialogs',
      // An edge that dies is there again in a second or two.
      '--app-grace',
      '8000',
    ],
  });
}

function engineAt(
  { config, secrets }: TableInput,
  name: string,
  {
    sides,
    sip,
    ws,
    control,
    flags = [],
  }: { sides: readonly NetworkSide[]; sip: number; ws?: number; control: number; flags?: readonly string[] },
): ProcessSpec {
  // Browsers come from everywhere.
  const open = sides.filter(({ name: side }) => side === 'public');
  return {
    name,
    group: 'engine',
    program: { entry: engineEntry },
    health: { kind: 'http' },
    args: (httpPort) => [
      // What is in /etc for another server is not for this one.
      '--noconfig',
      ...contactFlags(sides, sip, 'udp,tcp'),
      ...(ws === undefined ? [] : contactFlags(open, ws, 'ws')),
      '--address',
      '127.0.0.1',
      '--port',
      String(control),
      '--http-port',
      String(httpPort),
      '--loglevel',
      engineLogLevels[config.logLevel],
      ...flags,
    ],
    // Arguments can be read by every user of the machine.
    env: { DRACHTIO_SECRET: secrets.engineSecret },
  };
}

/** The application server with its side-car engine and the media server, all of them private. */
function applications(input: TableInput): ProcessSpec[] {
  const { addresses, secrets } = input;
  const { mediaServer, mediaPassword } = input.config;
  const { sip, control, mediaEventSocket } = addresses.applications;
  const host = innerHost(addresses.sides, addresses.host);
  const inside: NetworkSide[] = [{ name: 'private', listen: host, advertised: host, networks: [] }];
  return [
    engineAt(input, 'app-engine', { sides: inside, sip, control }),
    ...(mediaServer === undefined ? [mediaEngine(input, host)] : []),
    {
      name: 'app-server',
      group: 'service',
      ...toldByEnvironment,
      program: { entry: appServerEntry },
      env: {
        CALLWEAVE_ENGINE: `${LOOPBACK}:${control}`,
        CALLWEAVE_ENGINE_SECRET: secrets.engineSecret,
        CALLWEAVE_MEDIA_SERVER: mediaServer ?? `${LOOPBACK}:${mediaEventSocket}`,
        CALLWEAVE_MEDIA_ESL_PASSWORD:
          mediaServer === undefined ? secrets.engineSecret : (mediaPassword?.reveal() ?? ''),
      },
    },
  ];
}

function mediaEngine({ addresses, secrets }: TableInput, host: string): ProcessSpec {
  const { mediaSip, mediaEventSocket } = addresses.applications;
  return {
    name: 'media-engine',
    group: 'media',
    ...toldByEnvironment,
    program: { entry: mediaEngineEntry },
    env: {
      CALLWEAVE_MEDIA_ESL_PORT: String(mediaEventSocket),
      CALLWEAVE_MEDIA_ESL_PASSWORD: secrets.engineSecret,
      CALLWEAVE_MEDIA_SIP_HOST: host,
      CALLWEAVE_MEDIA_SIP_PORT: String(mediaSip),
      CALLWEAVE_MEDIA_RTP_PORTS: '0',
      CALLWEAVE_MEDIA_PEERS: `127.0.0.0/8,${host}/32`,
    },
  };
}

function service({ bus, stateDir }: TableInput, name: string, profile: string, at: string): ProcessSpec {
  const { user, password } = bus.credentials(profile);
  return {
    name,
    group: 'service',
    program: { entry: at },
    ...toldByEnvironment,
    env: {
      CALLWEAVE_NATS_URL: bus.url,
      CALLWEAVE_NATS_USER: user,
      CALLWEAVE_NATS_PASSWORD: password,
      CALLWEAVE_STATE_DIR: join(stateDir, name),
    },
  };
}

function mediaControl(input: TableInput, n: number): ProcessSpec {
  const { config, addresses } = input;
  const own = addresses.rtpengine === undefined ? '' : `${LOOPBACK}:${addresses.rtpengine.port}`;
  const spec = service(input, `media-control-${n}`, 'media-control', mediaEntry);
  return { ...spec, env: { ...spec.env, CALLWEAVE_RTPENGINES: config.rtpengine?.join(',') ?? own } };
}

function edge(input: TableInput, index: number): ProcessSpec {
  const { sides, host, applications, engines } = input.addresses;
  const spec = service(input, `edge-signaling-${index + 1}`, 'edge-signaling', edgeEntry);
  const networks = privateNetworksOf(sides);
  return {
    ...spec,
    group: 'edge',
    env: {
      ...spec.env,
      CALLWEAVE_APP_SERVER: `${innerHost(sides, host)}:${applications.sip}`,
      CALLWEAVE_ENGINE: engines[index] ?? '',
      ...(networks === undefined ? {} : { CALLWEAVE_PRIVATE_NETWORKS: networks.join(',') }),
      CALLWEAVE_ENGINE_SECRET: input.config.engineSecret?.reveal() ?? input.secrets.engineSecret,
    },
  };
}

function consoleOf(input: TableInput): ProcessSpec {
  const { config, addresses, secrets } = input;
  const spec = service(input, 'console', 'console', consoleEntry);
  return {
    ...spec,
    env: {
      ...spec.env,
      CALLWEAVE_CONSOLE_HOST: config.consoleHost,
      CALLWEAVE_CONSOLE_PORT: String(addresses.console),
      CALLWEAVE_CONSOLE_TOKEN: config.consoleToken?.reveal() ?? secrets.consoleToken,
    },
  };
}

function replicas(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Works from the sources and from what is built of them: both lie one folder below the package. */
function entry(folder: string, bin: string): string {
  return fileURLToPath(new URL(`../../${folder}/bin/${bin}.mjs`, import.meta.url));
}
