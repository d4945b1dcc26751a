import { z } from 'zod';
import {
  autoscaling,
  busService,
  disruption,
  global,
  hostPort,
  image,
  nats,
  networkPolicy,
  nodes,
  objectName,
  placementPerNode,
  podMonitor,
  port,
  process,
  resources,
  seconds,
} from './shared-values.ts';

const engine = z.strictObject({ image, controlPort: port, httpPort: port, resources });
const addressOrNone = z.union([z.literal(''), z.ipv4(), z.ipv6()]);
const nameOrNone = z.union([z.literal(''), objectName]);
const size = z.string().regex(/^\d+(Mi|Gi|Ti)$/);

const charts = {
  'edge-signaling': {
    ...process,
    kind: z.enum(['Deployment', 'DaemonSet']),
    replicas: z.int().min(1),
    autoscaling: autoscaling.extend({ callsPerPod: z.int().min(0) }),
    sip: z.strictObject({
      port,
      webSocketPort: z.int().min(0).max(65_535),
      webOrigins: z.array(z.string().regex(/^https?:\/\/[^\s/]+$/)),
      public: z.strictObject({ listen: addressOrNone, advertised: addressOrNone }),
      private: z.strictObject({ networks: z.array(z.union([z.cidrv4(), z.cidrv6()])), listen: addressOrNone }),
      listeners: z.array(
        z.strictObject({
          transports: z.array(z.enum(['udp', 'tcp', 'ws', 'tls', 'wss'])).min(1),
          // The engine is not root.
          port: port.min(1_024),
          address: z.union([z.ipv4(), z.ipv6()]).optional(),
          advertised: z.union([z.ipv4(), z.ipv6()]).optional(),
          networks: z.array(z.union([z.cidrv4(), z.cidrv6()])).optional(),
        }),
      ),
      tls: z.strictObject({ secretName: nameOrNone, peerCaSecretName: nameOrNone }),
      serviceAnnotations: z.record(z.string(), z.string()),
    }),
    applicationServer: z.union([z.literal(''), hostPort]),
    engine: engine.extend({ secretName: objectName }),
    state: z.strictObject({ kind: z.enum(['hostPath', 'emptyDir']), hostPath: z.string().regex(/^\/.+/) }),
    nats,
    smoke: z.strictObject({ image }),
  },
  registrar: {
    ...busService,
    expires: z.strictObject({ minSec: seconds, defaultSec: seconds, maxSec: seconds }),
    maxContacts: z.int().min(1).max(64),
    natPingSec: z.int().min(0).max(3_600),
  },
  'auth-challenge-affinity': {
    ...busService,
    nonce: z.strictObject({ maxAgeSec: seconds, keyRotationSec: z.int().min(1) }),
  },
  'call-routing': {
    ...busService,
    ringSec: z.int().min(1).max(600),
    applications: z.record(z.string().regex(/^[^=,\s]+$/), z.string().regex(/^[a-z]+$/)),
  },
  'media-control': {
    ...busService,
    rtpengines: z.array(hostPort).min(1).max(256),
  },
  console: {
    ...busService,
    url: z.union([z.literal(''), z.string().regex(/^https?:\/\/\S+$/)]),
    service: z.strictObject({ port }),
    tokenSecret: objectName,
  },
  'app-server': {
    ...process,
    autoscaling: autoscaling.extend({ sessionsPerPod: z.int().min(0) }),
    replicas: z.int().min(1),
    networkPolicy,
    sip: z.strictObject({ port }),
    engine,
    media: z.strictObject({
      kind: z.enum(['embedded', 'external']),
      server: z.union([z.literal(''), hostPort]),
      profile: z.string().min(1),
      image,
      sipPort: port,
      rtpPorts: z.strictObject({ min: port, max: port }),
      maxChannels: z.int().min(1).max(20_000),
      httpPort: port,
      resources,
    }),
    secretName: objectName,
  },
  rtpengine: {
    replicas: z.int().min(1),
    image,
    interfaces: z.array(z.string().regex(/^[\w.:/$()![\]-]+$/)).min(1),
    ports: z.strictObject({
      firstMedia: port.min(1_024),
      perReplica: z.int().min(100),
      control: port.min(1_024),
      http: port.min(1_024),
    }),
    maxSessions: z.int().min(0),
    drain: z.strictObject({ refuseSec: z.int().min(0).max(300) }),
    kernel: z.strictObject({ enabled: z.boolean(), required: z.boolean() }),
    resources,
    disruption,
    placement: placementPerNode,
    podMonitor,
  },
  nats: {
    // Two have no majority when one is gone.
    replicas: z.union([z.literal(1), z.literal(3), z.literal(5)]),
    image: image.extend({ tag: z.string().regex(/^[\w.-]*[0-9][\w.-]*$/) }),
    usersSecret: objectName,
    jetStream: z.strictObject({
      maxFile: size,
      maxMemory: size,
      volume: z.strictObject({ size, storageClassName: z.string() }),
    }),
    provision: z.strictObject({ enabled: z.boolean(), image, realm: z.string().min(1) }),
    resources,
    disruption,
    placement: placementPerNode,
    networkPolicy,
  },
  'kernel-modules': { image, headers: z.boolean(), placement: nodes, resources },
};

/** Added by helm: what the umbrella says to all, whether it wants the chart, and the library's (empty) values. */
const fromHelm = {
  global: global.partial().optional(),
  enabled: z.boolean().optional(),
  common: z.looseObject({}).optional(),
};

const part = z.looseObject({ enabled: z.boolean() });

/** What values each chart takes; its `values.schema.json` is generated from this. Whatever is not named is refused. */
export const chartValues: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ...Object.entries<z.ZodRawShape>(charts).map(([name, shape]): [string, z.ZodType] => [
    name,
    z.strictObject({ ...shape, ...fromHelm }),
  ]),
  [
    'callweave',
    z.strictObject({
      global,
      common: fromHelm.common,
      ...Object.fromEntries(Object.keys(charts).map((name) => [name, part])),
      jaeger: z.strictObject({ enabled: z.boolean(), image, resources }),
    }),
  ],
]);
