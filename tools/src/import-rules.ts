/** What the sources of one place may import besides their own files. */
export interface ImportRule {
  /** `libs/NAME`, `services/*`, `test`, `charts`, `benchmarks`, `examples` or `tools`. */
  readonly place: string;
  /** Packages of ours it may use, by name; `*` is any library. */
  readonly ours: readonly string[];
  /** Packages of others it may use; `*` is any but the reserved ones. */
  readonly others: readonly string[];
  /** Node's own modules it may use; `*` is any. */
  readonly node: readonly string[];
  /** Why the line is drawn here, for the reader of a failed check. */
  readonly because: string;
}

/** Who may import whom: only from a lower row of the architecture, never from a neighbour (mrf over srf excepted). */
// prettier-ignore
export const importRules: readonly ImportRule[] = [
  { place: 'libs/contracts', ours: [], others: ['zod'], node: ['node:crypto'], because: 'contracts are values: no I/O, no SIP' },
  { place: 'libs/sip', ours: [], others: [], node: ['node:crypto'], because: 'sip is the language: no sockets, no real time, no logs' },
  { place: 'libs/clock', ours: [], others: [], node: [], because: 'clock depends on nothing' },
  { place: 'libs/sdp', ours: [], others: ['sdp-transform'], node: [], because: 'sdp is pure' },
  { place: 'libs/rtp', ours: [], others: [], node: ['node:crypto'], because: 'rtp is wire formats: no sockets' },
  { place: 'libs/telemetry', ours: [], others: ['@opentelemetry/*', 'pino'], node: ['*'], because: 'telemetry does not know our domain' },
  { place: 'libs/bus', ours: ['contracts', 'telemetry', 'clock'], others: ['nats', 'zod'], node: ['*'], because: 'bus does not know SIP' },
  { place: 'libs/service', ours: ['telemetry', 'clock'], others: ['zod', 'fastify'], node: ['*'], because: 'service knows neither bus nor SIP' },
  { place: 'libs/sip-engine', ours: ['sip', 'clock', 'telemetry'], others: ['dns-packet', 'ws'], node: ['*'], because: 'the engine knows neither bus nor its clients' },
  { place: 'libs/media-engine', ours: ['sip-engine', 'sip', 'rtp', 'sdp', 'clock', 'telemetry'], others: [], node: ['*'], because: 'the engine knows neither bus nor its clients' },
  { place: 'libs/rtpengine', ours: ['clock', 'telemetry'], others: [], node: ['*'], because: 'rtpengine is a protocol client and nothing more' },
  { place: 'libs/srf', ours: ['sip', 'clock', 'telemetry'], others: ['drachtio-srf'], node: ['*'], because: 'srf does not know the bus' },
  { place: 'libs/mrf', ours: ['srf', 'telemetry'], others: ['drachtio-fsmrf'], node: ['*'], because: 'mrf does not know the bus' },
  { place: 'services/*', ours: ['*'], others: ['*'], node: ['*'], because: 'services meet on the bus, never in code' },
  { place: 'test', ours: ['*'], others: ['*'], node: ['*'], because: 'tests use what is public' },
  { place: 'charts', ours: ['bus', 'contracts', 'test'], others: ['zod'], node: [], because: 'charts are values: only what they are generated from' },
  { place: 'benchmarks', ours: ['*'], others: ['*'], node: ['*'], because: 'benchmarks use what is public' },
  { place: 'examples', ours: [], others: ['*'], node: ['*'], because: 'examples are programs outside the platform' },
  { place: 'tools', ours: ['*'], others: ['*'], node: ['*'], because: 'tools use what is public' },
];

/** A package of others that one library of ours keeps to itself. */
export interface Reservation {
  /** A package name, or a scope ending in `/*`. */
  readonly name: string;
  readonly owner: string;
  /** Further files that may import it, and why that is sound. */
  readonly except?: { readonly files: RegExp; readonly because: string };
}

/** Packages with exactly one importer, so that replacing one is a change in one place. */
export const reservations: readonly Reservation[] = [
  {
    name: 'nats',
    owner: 'libs/bus',
    except: { files: /^examples\//, because: 'an example shows what a program without our packages does' },
  },
  {
    name: 'drachtio-srf',
    owner: 'libs/srf',
    except: {
      files: /^(?:libs\/sip-engine\/.*\.service\.test|test\/e2e\/drop-in\.e2e\.test|benchmarks\/apps\/[^/]+)\.ts$/,
      because: 'the engine is tested and measured against the client it must satisfy',
    },
  },
  { name: 'drachtio-fsmrf', owner: 'libs/mrf' },
  { name: '@opentelemetry/*', owner: 'libs/telemetry' },
  { name: 'pino', owner: 'libs/telemetry' },
];
