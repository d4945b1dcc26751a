import {
  busConfig,
  type ConfigOf,
  defineConfig,
  env,
  hostPort,
  hostPorts,
  networkList,
  port,
  processConfig,
  secret,
} from '@callweave/service';
import { z } from 'zod';
import { listenerList } from './listeners.ts';

/** The first and the last of a range of ports; both 0: any free range. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

const replicas = z.coerce.number().int().min(1).max(16);

const portList = z
  .string()
  .regex(/^\s*\d{1,5}\s*(,\s*\d{1,5}\s*)*$/, { error: 'expected ports separated by commas', abort: true })
  .refine((text) => parsePorts(text).every((value) => value <= 65_535), 'port above 65535');

const portRange = z
  .string()
  .regex(/^(0|\d{1,5}-\d{1,5})$/, { error: 'expected FIRST-LAST, or 0', abort: true })
  .refine((text) => {
    const { min, max } = parseRange(text);
    return text === '0' || (min >= 1024 && max <= 65_535 && max - min >= 3);
  }, 'expected at least 4 ports between 1024 and 65535');

const path = z.string().min(1);

export const config = defineConfig({
  logLevel: processConfig.logLevel,
  otlpUrl: processConfig.otlpUrl,
  traceRatio: processConfig.traceRatio,
  host: env(
    'CALLWEAVE_HOST',
    z
      .ipv4('expected an IPv4 address of this machine')
      .refine((text) => text !== '0.0.0.0', 'phones cannot be told 0.0.0.0: name one address of this machine')
      .default('127.0.0.1')
      .describe('Address that everything binds and that phones are told.'),
  ),
  advertisedHost: env(
    'CALLWEAVE_ADVERTISED_HOST',
    z.ipv4('expected an IPv4 address').optional().describe('Address that phones are told instead, behind a NAT.'),
  ),
  privateHost: env(
    'CALLWEAVE_PRIVATE_HOST',
    z
      .ipv4('expected an IPv4 address of this machine')
      .optional()
      .describe('Address on the private side, for phones and PBXs in the private networks; CALLWEAVE_HOST unless set.'),
  ),
  privateNetworks: env(
    'CALLWEAVE_PRIVATE_NETWORKS',
    networkList.optional().describe('Networks whose peers are told the private address, as 10.0.0.0/8,192.168.0.0/16.'),
  ),
  sipPorts: env(
    'CALLWEAVE_SIP_PORTS',
    portList
      .default('5060')
      .describe('SIP ports, UDP and TCP, separated by commas; each gets an engine and an edge. 0 picks a free one.')
      .transform(parsePorts),
  ),
  controlPorts: env(
    'CALLWEAVE_CONTROL_PORTS',
    portList
      .default('9022')
      .describe('Control ports of the SIP engines; a short list goes on upwards from its last. 0 picks free ones.')
      .transform(parsePorts),
  ),
  wsPorts: env(
    'CALLWEAVE_WS_PORTS',
    portList
      .default('5066')
      .describe('Websocket ports of the SIP engines, for browsers; lists as for CALLWEAVE_CONTROL_PORTS.')
      .transform(parsePorts),
  ),
  sipListeners: env(
    'CALLWEAVE_SIP_LISTENERS',
    listenerList
      .default([])
      .describe(
        'What the SIP engines listen at besides, as tls://192.0.2.1:5061?advertised=203.0.113.7&networks=10.0.0.0/8, ' +
          'separated by blanks; udp, tcp, tls, ws and wss, udp+tcp for two at once, IPv6 in brackets. The ports are those ' +
          'of the first engine, and go on upwards.',
      ),
  ),
  tlsCertFile: env(
    'CALLWEAVE_TLS_CERT_FILE',
    path.optional().describe('Certificate that peers by tls and wss are shown (PEM); read again when it changes.'),
  ),
  tlsKeyFile: env('CALLWEAVE_TLS_KEY_FILE', path.optional().describe('Its key (PEM).')),
  tlsChainFile: env(
    'CALLWEAVE_TLS_CHAIN_FILE',
    path.optional().describe('Certificates between it and a root, unless they are in its own file (PEM).'),
  ),
  tlsPeerCaFile: env(
    'CALLWEAVE_TLS_PEER_CA_FILE',
    path
      .optional()
      .describe('Authorities one of which must have signed the certificate of every peer by tls and wss (PEM).'),
  ),
  engines: env(
    'CALLWEAVE_ENGINES',
    z
      .string()
      .transform((text) => text.split(',').map((address) => address.trim()))
      .pipe(z.array(hostPort).min(1).max(16))
      .optional()
      .describe(
        'Control ports of SIP engines or drachtio-servers to use instead of starting any, as host:port,host:port; ' +
          'CALLWEAVE_SIP_PORTS are their SIP ports.',
      ),
  ),
  engineSecret: env('CALLWEAVE_ENGINE_SECRET', secret.optional().describe('Secret of those engines.')),
  natsPort: env(
    'CALLWEAVE_NATS_PORT',
    port.default(4222).describe('Port of the nats-server that is started; 0 picks a free one.'),
  ),
  natsUrl: env(
    'CALLWEAVE_NATS_URL',
    busConfig.natsUrl.schema
      .optional()
      .describe('Use this bus, with the user and password in the URL, instead of starting a nats-server.'),
  ),
  natsReplicas: env(
    'CALLWEAVE_NATS_REPLICAS',
    z.coerce.number().int().min(1).max(5).default(1).describe('Copies of each stream and bucket; 3 on a cluster.'),
  ),
  rtpengine: env(
    'CALLWEAVE_RTPENGINE',
    hostPorts
      .optional()
      .describe('Control addresses of rtpengines to use instead of starting one, as host:port,host:port.'),
  ),
  rtpenginePort: env(
    'CALLWEAVE_RTPENGINE_PORT',
    port.default(2223).describe('Control port (ng, UDP) of the rtpengine that is started; 0 picks a free one.'),
  ),
  rtpPorts: env(
    'CALLWEAVE_RTP_PORTS',
    portRange
      .default('30000-30999')
      .describe('Ports for media, as FIRST-LAST; 0 picks a free range.')
      .transform(parseRange),
  ),
  mediaServer: env(
    'CALLWEAVE_MEDIA_SERVER',
    hostPort
      .optional()
      .describe('Event socket of a FreeSWITCH that runs the applications, instead of starting media-engine.'),
  ),
  mediaPassword: env('CALLWEAVE_MEDIA_ESL_PASSWORD', secret.optional().describe('Password of that event socket.')),
  consoleHost: env(
    'CALLWEAVE_CONSOLE_HOST',
    z
      .ipv4('expected an IPv4 address')
      .default('127.0.0.1')
      .describe('Address of the console; it asks for its token wherever it is.'),
  ),
  consolePort: env('CALLWEAVE_CONSOLE_PORT', port.default(8060).describe('Port of the console; 0 picks a free one.')),
  consoleToken: env(
    'CALLWEAVE_CONSOLE_TOKEN',
    secret.optional().describe('Token of the console; one is made up and kept unless it is set.'),
  ),
  stateDir: env(
    'CALLWEAVE_STATE_DIR',
    z.string().min(1).default('.callweave').describe('Where data, secrets and logs live; one for each platform.'),
  ),
  registrars: env('CALLWEAVE_REGISTRARS', replicas.default(2).describe('Replicas of registrar.')),
  auths: env('CALLWEAVE_AUTHS', replicas.default(2).describe('Replicas of auth-challenge-affinity.')),
  callRoutings: env('CALLWEAVE_CALL_ROUTINGS', replicas.default(2).describe('Replicas of call-routing.')),
  mediaControls: env('CALLWEAVE_MEDIA_CONTROLS', replicas.default(2).describe('Replicas of media-control.')),
});
export type Config = ConfigOf<typeof config>;

function parsePorts(text: string): number[] {
  return text.split(',').map(Number);
}

function parseRange(text: string): PortRange {
  const [min = 0, max = 0] = text.split('-').map(Number);
  return { min, max };
}
