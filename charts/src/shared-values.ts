import { z } from 'zod';

/** A TCP or UDP port that can be listened at. */
export const port = z.int().min(1).max(65_535);

/** Whole seconds, at least one. */
export const seconds = z.int().min(1).max(86_400);

/** The name of an object that exists already. */
export const objectName = z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/** `host:port`. */
export const hostPort = z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/);

/** An image; with `tag` empty, that of the chart's version. */
export const image = z.strictObject({
  repository: z.string().min(1),
  // One with a number: a tag that moves is another program tomorrow.
  tag: z.string().regex(/^([\w.-]*[0-9][\w.-]*)?$/),
  pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
});

const cpu = z.union([z.string().regex(/^\d+m$|^\d+(\.\d+)?$/), z.number().positive()]);
const memory = z.string().regex(/^\d+(\.\d+)?(Mi|Gi)$/);
const amounts = z.strictObject({ cpu, memory });

/** What a container is promised and may take: both, for both. */
export const resources = z.strictObject({ requests: amounts, limits: amounts });

const nodeChoice = {
  nodeSelector: z.record(z.string(), z.string()),
  tolerations: z.array(z.looseObject({})),
  priorityClassName: z.string(),
};

/** Where the pods of a DaemonSet run. */
export const nodes = z.strictObject(nodeChoice);

const zoneSpread = z.enum(['preferred', 'required', 'off']);

/** Where pods run. */
export const placement = z.strictObject({ ...nodeChoice, zoneSpread });

/** Where pods run that may want a node each. */
export const placementPerNode = z.strictObject({ ...nodeChoice, zoneSpread, onePerNode: z.boolean() });

/** What maintenance may take at a time. */
export const disruption = z.strictObject({
  maxUnavailable: z.union([z.int().min(1), z.string().regex(/^\d{1,2}%$/)]),
});

const rules = z.array(z.looseObject({}));

/** What reaches the pods, and what they reach, beyond what they need. */
export const networkPolicy = z.strictObject({
  enabled: z.boolean(),
  monitoringNamespace: z.string(),
  extraIngress: rules,
  extraEgress: rules,
});

export const podMonitor = z.strictObject({ enabled: z.boolean(), intervalSec: seconds });

/** How many pods there are. */
export const autoscaling = z.strictObject({
  enabled: z.boolean(),
  minReplicas: z.int().min(1),
  maxReplicas: z.int().min(1),
  cpuPercent: z.int().min(1).max(100),
  scaleDownAfterSec: z.int().min(0).max(3_600),
});

/** The bus, and the user on it. */
export const nats = z.strictObject({
  url: z.string().regex(/^(nats|tls):\/\/[^\s,@]+(,(nats|tls):\/\/[^\s,@]+)*$/, 'no password belongs here'),
  usersSecret: objectName,
});

/** What every process of ours has. */
export const process = {
  image,
  env: z.record(z.string().regex(/^CALLWEAVE_[A-Z0-9_]+$/), z.union([z.string(), z.number(), z.boolean()])),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']),
  httpPort: port,
  drain: z.strictObject({ maxSec: seconds }),
  resources,
  disruption,
  placement,
  podMonitor,
};

/** What every service has that only talks on the bus. */
export const busService = {
  ...process,
  nats,
  autoscaling,
  replicas: z.int().min(1),
  networkPolicy,
};

/** What the umbrella tells every chart. */
export const global = z.strictObject({
  registry: z.string(),
  imagePullSecrets: z.array(z.strictObject({ name: objectName })),
  otlpUrl: z.union([z.literal(''), z.string().regex(/^https?:\/\/\S+$/)]),
  nodeCidrs: z.array(z.union([z.cidrv4(), z.cidrv6()])).min(1),
});
