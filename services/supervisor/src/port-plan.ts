import { ConfigError } from '@callweave/service';
import { type Config } from './config.ts';

export type PortProtocol = 'udp' | 'tcp';

/** One port the platform opens: what for, and which setting moves it. */
export interface PortUse {
  readonly purpose: string;
  readonly variable: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly protocols: readonly PortProtocol[];
}

/** Every port the platform opens besides those for media. */
export interface PortPlan {
  readonly sip: readonly PortUse[];
  /** For websockets, of the engine at the same place in `sip`. */
  readonly ws: readonly PortUse[];
  /** Control port of the engine at the same place in `sip`. */
  readonly control: readonly PortUse[];
  /** Of each of CALLWEAVE_SIP_LISTENERS in turn, for the engine at the same place in `sip`. */
  readonly listeners: readonly (readonly PortUse[])[];
  readonly nats: PortUse | undefined;
  readonly rtpengine: PortUse | undefined;
  readonly console: PortUse;
}

/** What phones do not need stays on the machine: the bus, and the controls of engines and rtpengine. */
export const LOOPBACK = '127.0.0.1';

/** The ports that `config` asks for. Throws `ConfigError` when it asks for one of them twice. */
export function planPorts(config: Config): PortPlan {
  const { host } = config;
  const own = config.engines === undefined ? config.sipPorts : [];
  const plan: PortPlan = {
    sip: own.map((port) => ({
      purpose: 'SIP',
      variable: 'CALLWEAVE_SIP_PORTS',
      host,
      port,
      protocols: ['udp', 'tcp'],
    })),
    ws: own.map((_sip, index) => ({
      purpose: `websockets of SIP engine ${index + 1}`,
      variable: 'CALLWEAVE_WS_PORTS',
      host,
      port: portAt(config.wsPorts, index),
      protocols: ['tcp'],
    })),
    control: own.map((_sip, index) => ({
      purpose: `control of SIP engine ${index + 1}`,
      variable: 'CALLWEAVE_CONTROL_PORTS',
      host: LOOPBACK,
      port: portAt(config.controlPorts, index),
      protocols: ['tcp'],
    })),
    listeners: own.map((_sip, index) =>
      config.sipListeners.map(({ transports, address, port }) => ({
        purpose: `${transports.join(' and ')} of SIP engine ${index + 1}`,
        variable: 'CALLWEAVE_SIP_LISTENERS',
        host: address,
        port: portAt([port], index),
        protocols: [...new Set(transports.map((name) => (name === 'udp' ? 'udp' : 'tcp')))],
      })),
    ),
    nats:
      config.natsUrl === undefined
        ? {
            purpose: 'nats-server',
            variable: 'CALLWEAVE_NATS_PORT',
            host: LOOPBACK,
            port: config.natsPort,
            protocols: ['tcp'],
          }
        : undefined,
    rtpengine:
      config.rtpengine === undefined
        ? {
            purpose: 'control of rtpengine',
            variable: 'CALLWEAVE_RTPENGINE_PORT',
            host: LOOPBACK,
            port: config.rtpenginePort,
            protocols: ['udp'],
          }
        : undefined,
    console: {
      purpose: 'the console',
      variable: 'CALLWEAVE_CONSOLE_PORT',
      host: config.consoleHost,
      port: config.consolePort,
      protocols: ['tcp'],
    },
  };
  const problems = [...findUnpaired(config), ...findClashes(allPorts(plan)), ...findInRange(allPorts(plan), config)];
  if (problems.length > 0) throw new ConfigError(problems);
  return plan;
}

/** Every port of the plan, in one list. */
export function allPorts({ sip, ws, control, listeners, nats, rtpengine, console }: PortPlan): PortUse[] {
  return [...sip, ...ws, ...control, ...listeners.flat(), nats, rtpengine, console].filter((use) => use !== undefined);
}

/** A short list goes on upwards from its last; 0 goes on as 0. */
function portAt(ports: readonly number[], index: number): number {
  const listed = ports[index];
  if (listed !== undefined) return listed;
  const last = ports.at(-1) ?? 0;
  return last === 0 ? 0 : last + index - (ports.length - 1);
}

function findUnpaired(config: Config): string[] {
  return [...findUnpairedEngines(config), ...findUnpairedMediaServer(config)];
}

function findUnpairedMediaServer({ mediaServer, mediaPassword }: Config): string[] {
  if ((mediaServer === undefined) === (mediaPassword === undefined)) return [];
  return mediaServer === undefined
    ? ['CALLWEAVE_MEDIA_SERVER: required with CALLWEAVE_MEDIA_ESL_PASSWORD']
    : ['CALLWEAVE_MEDIA_ESL_PASSWORD: required with CALLWEAVE_MEDIA_SERVER'];
}

function findUnpairedEngines({ engines, engineSecret, sipPorts, sipListeners }: Config): string[] {
  if (engines === undefined) return [];
  const isPaired = engines.length === sipPorts.length && !sipPorts.includes(0);
  return [
    ...(isPaired ? [] : ['CALLWEAVE_SIP_PORTS: name the SIP port of each of CALLWEAVE_ENGINES']),
    ...(sipListeners.length === 0
      ? []
      : ['CALLWEAVE_SIP_LISTENERS: engines that are used instead listen by themselves']),
    ...(engineSecret === undefined ? ['CALLWEAVE_ENGINE_SECRET: required with CALLWEAVE_ENGINES'] : []),
  ];
}

function findClashes(uses: readonly PortUse[]): string[] {
  const problems: string[] = [];
  uses.forEach((use, index) => {
    if (use.port > 65_535) problems.push(`${use.variable}: port ${use.port} for ${use.purpose} is above 65535`);
    const other = uses.slice(0, index).find((earlier) => clash(earlier, use));
    if (other === undefined) return;
    problems.push(`${use.variable}: port ${use.port} for ${use.purpose} is also for ${other.purpose}`);
  });
  return problems;
}

function clash(a: PortUse, b: PortUse): boolean {
  // A machine has one port of a number for each of its addresses.
  const isElsewhere = a.host !== b.host && (isFurther(a) || isFurther(b));
  return (
    !isElsewhere && a.port !== 0 && a.port === b.port && a.protocols.some((protocol) => b.protocols.includes(protocol))
  );
}

function isFurther({ variable }: PortUse): boolean {
  return variable === 'CALLWEAVE_SIP_LISTENERS';
}

function findInRange(uses: readonly PortUse[], { rtpPorts: { min, max }, rtpengine }: Config): string[] {
  if (rtpengine !== undefined) return [];
  return uses
    .filter(({ port, protocols }) => protocols.includes('udp') && port !== 0 && port >= min && port <= max)
    .map(({ port, purpose }) => `CALLWEAVE_RTP_PORTS: ${min}-${max} holds port ${port} for ${purpose}`);
}
