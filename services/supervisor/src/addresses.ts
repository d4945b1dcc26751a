import { ConfigError } from '@callweave/service';
import { type Config, type PortRange } from './config.ts';
import { PortsUnavailableError } from './errors.ts';
import { describeTaken, type PortFinder, whyTaken } from './free-ports.ts';
import { type SipListener } from './listeners.ts';
import { allPorts, LOOPBACK, planPorts, type PortPlan } from './port-plan.ts';
import { innerHost, type NetworkSide, networkSides } from './topology.ts';
import { tlsProblems } from './tls-files.ts';
import { findOverlap, pickRange, usedRanges } from './rtp-ranges.ts';

/** The ports of this run, all of them known. */
export interface Addresses {
  readonly host: string;
  readonly sides: readonly NetworkSide[];
  /** SIP ports of the edges. */
  readonly sip: readonly number[];
  readonly ws: readonly number[];
  readonly control: readonly number[];
  /** What the engine of each edge listens at besides. */
  readonly listeners: readonly (readonly SipListener[])[];
  /** `host:port` of the engine of each edge. */
  readonly engines: readonly string[];
  /** Private ports of the applications: nobody outside reaches them, so any free ones will do. */
  readonly applications: ApplicationPorts;
  /** Undefined: another bus is used. */
  readonly nats: number | undefined;
  /** Undefined: another rtpengine is used. */
  readonly rtpengine: { readonly port: number; readonly media: PortRange } | undefined;
  readonly console: number;
}

/** Where the application server, its side-car SIP engine and the media server meet. */
export interface ApplicationPorts {
  readonly sip: number;
  readonly control: number;
  readonly mediaSip: number;
  readonly mediaEventSocket: number;
}

/**
 * Settles every port before anything is started. Throws `ConfigError` when the configuration contradicts itself and
 * `PortsUnavailableError` with everything that is taken.
 */
export async function settleAddresses(config: Config, finder: PortFinder): Promise<Addresses> {
  const { host } = config;
  const { sides, plan } = contradictionless(config);
  const inner = innerHost(sides, host);
  const problems: string[] = [];
  const strange = [
    ...((await isElsewhere(host)) ? [`${host} is not an address of this machine: change CALLWEAVE_HOST`] : []),
    ...((await isElsewhere(inner)) && inner !== host
      ? [`${inner} is not an address of this machine: change CALLWEAVE_PRIVATE_HOST`]
      : []),
    ...(await elsewhereOf(config.sipListeners)),
  ];
  if (strange.length > 0) throw new PortsUnavailableError(strange);
  const innerPorts = inner === host ? [] : plan.sip.map((use) => ({ ...use, host: inner }));
  for (const use of [...allPorts(plan), ...innerPorts]) {
    const problem = await describeTaken(use);
    if (problem !== undefined && !problems.includes(problem)) problems.push(problem);
  }
  const media = plan.rtpengine === undefined ? undefined : settleMedia(config, problems);
  if (problems.length > 0) throw new PortsUnavailableError(problems);

  const settleAll = async (uses: typeof plan.sip): Promise<number[]> => {
    const ports: number[] = [];
    for (const use of uses) ports.push(await finder.settle(use));
    return ports;
  };
  const control = await settleAll(plan.control);
  const listeners: SipListener[][] = [];
  for (const uses of plan.listeners) {
    const ports = await settleAll(uses);
    listeners.push(config.sipListeners.map((listener, index) => ({ ...listener, port: ports[index] ?? 0 })));
  }
  return {
    host,
    sides,
    sip: config.engines === undefined ? await settleAll(plan.sip) : config.sipPorts,
    ws: await settleAll(plan.ws),
    control,
    listeners,
    engines: config.engines ?? control.map((port) => `${LOOPBACK}:${port}`),
    applications: {
      sip: await finder.find(inner, ['udp', 'tcp']),
      control: await finder.find('127.0.0.1'),
      mediaSip: await finder.find(inner, ['udp', 'tcp']),
      mediaEventSocket: await finder.find('127.0.0.1'),
    },
    nats: plan.nats === undefined ? undefined : await finder.settle(plan.nats),
    rtpengine:
      plan.rtpengine === undefined || media === undefined
        ? undefined
        : { port: await finder.settle(plan.rtpengine), media },
    console: await finder.settle(plan.console),
  };
}

/** Sides and ports, when nothing contradicts anything; throws `ConfigError` with all there is to say. */
function contradictionless(config: Config): { sides: NetworkSide[]; plan: PortPlan } {
  const problems = tlsProblems(config);
  const tried = <T>(plan: () => T): T | undefined => {
    try {
      return plan();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const sides = tried(() => networkSides(config));
  const plan = tried(() => planPorts(config));
  if (sides === undefined || plan === undefined || problems.length > 0) throw new ConfigError(problems);
  return { sides, plan };
}

async function elsewhereOf(listeners: readonly SipListener[]): Promise<string[]> {
  const addresses = [...new Set(listeners.map(({ address }) => address))];
  const found = await Promise.all(addresses.map(async (address) => ((await isElsewhere(address)) ? [address] : [])));
  return found.flat().map((address) => `${address} is not an address of this machine: change CALLWEAVE_SIP_LISTENERS`);
}

async function isElsewhere(host: string): Promise<boolean> {
  return (await whyTaken(host, 0, ['tcp'])) !== undefined;
}

function settleMedia({ host, rtpPorts }: Config, problems: string[]): PortRange | undefined {
  const used = usedRanges();
  if (rtpPorts.min === 0) {
    const range = pickRange(host, used);
    if (range === undefined) problems.push(`no free range for media on ${host}: set CALLWEAVE_RTP_PORTS`);
    return range;
  }
  const other = findOverlap(host, rtpPorts, used);
  if (other === undefined) return rtpPorts;
  problems.push(
    `ports ${rtpPorts.min}-${rtpPorts.max} of ${host} for media overlap ${other.min}-${other.max} ` +
      `of another rtpengine (process ${other.pid}): set CALLWEAVE_RTP_PORTS`,
  );
  return undefined;
}
