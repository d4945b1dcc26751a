import { availableParallelism } from 'node:os';
import { natsServerConfig, openConnection, operatorUser } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import { serviceProfiles } from '@callweave/contracts';
import { type Environment, type PlatformFile } from '@callweave/service';
import { type Logger } from '@callweave/telemetry';
import { settleAddresses } from './addresses.ts';
import { banner, type PlatformFacts } from './banner.ts';
import { busAddress, operatorAccess } from './bus-address.ts';
import { type Config } from './config.ts';
import { NotReadyError } from './errors.ts';
import { Fleet } from './fleet.ts';
import { PortFinder } from './free-ports.ts';
import { createLauncher } from './launcher.ts';
import { shownListener } from './listeners.ts';
import { LOOPBACK } from './port-plan.ts';
import { writePrivate } from './private-file.ts';
import { ngProbe } from './probes.ts';
import { busShare, processTable, type ProcessSpec } from './process-table.ts';
import { provisionPlatform } from './provision-platform.ts';
import { loadSecrets } from './secrets.ts';
import { type StateDir, truncateLog } from './state-dir.ts';
import { whileElected } from './while-elected.ts';
import { within } from './within.ts';

/** Listens everywhere; nobody can open it. */
const ANY_ADDRESS = '0.0.0.0';
const READY_MS = 60_000;
const PROVISION_MS = 30_000;
const RTPENGINE_MS = 10_000;

export interface StartDeps {
  readonly config: Config;
  readonly environment: Environment;
  readonly stateDir: StateDir;
  readonly clock: Clock;
  readonly log: Logger;
  readonly say: (text: string) => void;
  /** Ends the start early. */
  readonly signal: AbortSignal;
  /** Called once, before the first process starts, with what stops everything. */
  readonly started: (fleet: Fleet) => void;
}

/** Starts the whole platform and tells where it is. The composition root of the supervisor. */
export async function startPlatform(deps: StartDeps): Promise<void> {
  const { config, environment, stateDir, clock, log, say, signal } = deps;
  const finder = new PortFinder();
  const addresses = await settleAddresses(config, finder);
  const secrets = loadSecrets(stateDir.secrets);
  const { host } = addresses;
  const bus = busAddress({ host: LOOPBACK, port: addresses.nats }, config.natsUrl, secrets);
  if (addresses.nats !== undefined) writeNatsConfig(stateDir, LOOPBACK, addresses.nats, secrets.natsPasswords);
  const specs = processTable({
    config,
    addresses,
    secrets,
    bus,
    stateDir: stateDir.path,
    natsConfigFile: stateDir.natsConfig,
    busProcessors: environment['GOMAXPROCS'] ?? String(busShare(availableParallelism())),
  });
  for (const { name } of specs) truncateLog(stateDir.log(name));

  const facts: PlatformFacts = {
    host,
    sides: [...addresses.sides],
    sip: addresses.sip.map((port) => `${host}:${port}`),
    ws: addresses.ws.map((port) => `ws://${host}:${port}`),
    listeners: addresses.listeners.flat().map(shownListener),
    accounts: [],
    nats: operatorAccess(bus),
    rtpengine:
      addresses.rtpengine === undefined
        ? (config.rtpengine?.join(',') ?? '')
        : `${LOOPBACK}:${addresses.rtpengine.port}`,
    traces: config.otlpUrl,
    console: {
      url: `http://${config.consoleHost === ANY_ADDRESS ? host : config.consoleHost}:${addresses.console}/`,
      token: config.consoleToken?.reveal() ?? secrets.consoleToken,
    },
    stateDir: stateDir.path,
    platformFile: stateDir.platform,
  };
  let isReady = false;
  const writeFile = (): void => {
    if (!isReady) return;
    try {
      writePrivate(stateDir.platform, platformFile(facts, fleet));
    } catch (error) {
      // A full disk takes nothing down; the next change writes it again.
      log.error('platform-file.not-written', { err: error });
    }
  };
  const launcher = createLauncher({ environment, finder, stateDir, logLevel: config.logLevel });
  const fleet = new Fleet({ launcher, clock, log, say, changed: writeFile, logFile: (name) => stateDir.log(name) });
  deps.started(fleet);

  const isBus = ({ group }: ProcessSpec): boolean => group === 'bus';
  await fleet.start(specs.filter(isBus), READY_MS, signal);
  const usable = await provision(deps, facts.nats, secrets.accounts);
  facts.accounts.push(...usable.map((user) => ({ user, password: secrets.accounts[user] ?? '', domain: host })));
  for (const address of config.rtpengine ?? []) await checkRtpengine(address, clock);
  await fleet.start(
    specs.filter((spec) => !isBus(spec)),
    READY_MS,
    signal,
  );
  isReady = true;
  writeFile();
  log.info('platform.ready', { sip: facts.sip, nats: facts.nats.url, processes: fleet.running });
  say(banner(facts));
}

function writeNatsConfig(
  stateDir: StateDir,
  host: string,
  port: number,
  passwords: Readonly<Record<string, string>>,
): void {
  const password = (user: string): string => {
    const found = passwords[user];
    if (found === undefined) throw new Error(`no password for the NATS user ${user}`);
    return found;
  };
  const text = natsServerConfig({ host, port, storeDir: stateDir.natsStore, profiles: serviceProfiles, password });
  writePrivate(stateDir.natsConfig, text);
}

async function provision(
  { config, clock, log }: StartDeps,
  nats: PlatformFile['nats'],
  accounts: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const isOwn = config.natsUrl === undefined;
  const hint = isOwn ? '' : ': check CALLWEAVE_NATS_URL, its user and its password';
  const failed = (cause?: unknown): NotReadyError => {
    const first = cause instanceof Error ? (cause.cause ?? cause) : undefined;
    const why = first instanceof Error ? ` (${first.message})` : '';
    return new NotReadyError(`no answer from NATS with JetStream at ${nats.url}${why}${hint}`, { cause });
  };
  const work = async (): Promise<readonly string[]> => {
    const connection = await openConnection({ ...nats, name: operatorUser, waitForServer: isOwn }, log);
    try {
      const replicas = isOwn ? 1 : config.natsReplicas;
      return await whileElected(clock, PROVISION_MS, () =>
        provisionPlatform({ connection, clock, replicas, accounts }),
      );
    } finally {
      await connection.nc.close();
    }
  };
  try {
    return await within(clock, PROVISION_MS, work(), failed);
  } catch (error) {
    if (isOwn || error instanceof NotReadyError) throw error;
    throw failed(error);
  }
}

async function checkRtpengine(address: string, clock: Clock): Promise<void> {
  const colon = address.lastIndexOf(':');
  const probe = ngProbe(address.slice(0, colon), Number(address.slice(colon + 1)));
  const end = clock.monotonicMs() + RTPENGINE_MS;
  while (!(await probe.isReady())) {
    if (clock.monotonicMs() < end) continue;
    throw new NotReadyError(`no answer from rtpengine at ${address}: check CALLWEAVE_RTPENGINE`);
  }
}

/** Where the running platform is, for the command line tool and for tests. */
function platformFile(
  { host, sides, sip, ws, listeners, accounts, nats, rtpengine, traces, console }: PlatformFacts,
  fleet: Fleet,
): string {
  const about = { host, sides, sip, ws, listeners, nats, rtpengine, traces, accounts, console };
  const content: PlatformFile = { pid: process.pid, ...about, processes: fleet.running };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}
