import { type AskedFault, clearFaults, rehearsing, setFault } from './faults.ts';
import { type TwoEdges } from './two-edges.ts';
import { until } from './until.ts';
import { halt, HALTING } from './halting.ts';

/** What dies, and in which of the ways of being dead. */
export interface SurvivalRow {
  readonly who: string;
  readonly way: 'killed' | 'frozen' | 'cut off' | 'slow';
  /** How it is done, for the reader of the matrix. */
  readonly how: string;
  /** Lets the blow fall on calls that are up; resolves when calls may be changed and ended. */
  readonly blow: (edges: TwoEdges) => unknown;
  /** Nobody is to notice anything of it, also who calls meanwhile. */
  readonly isUnnoticed?: boolean;
  /** Lets whoever stands still go on, once the calls are over. */
  readonly heal?: (edges: TwoEdges) => unknown;
}

/** Until the calls are over, and no longer than a run may take. */
const LONG_MS = 20_000;

const cutOff: AskedFault = { kind: 'cut-off', way: 'both', forMs: LONG_MS };
const late: AskedFault = { kind: 'late', byMs: 100, forMs: LONG_MS };
const slow: AskedFault = { kind: 'slow', at: 'before-reply', forMs: 300 };

const toSecond = ({ router, second }: TwoEdges): void => router.routeTo(second.address);

/** The services whose replicas share the work: one of two dies. */
const services = ['registrar', 'auth-challenge-affinity', 'call-routing', 'media-control'] as const;

const ofService = (who: (typeof services)[number]): SurvivalRow[] => {
  const one = async (edges: TwoEdges, fault: AskedFault): Promise<void> => {
    const [instance] = await rehearsing(edges.bus, who);
    if (instance === undefined) throw new Error(`no ${who} to make suffer`);
    await setFault(edges.bus, instance, fault);
  };
  const rows: SurvivalRow[] = [
    { who, way: 'killed', how: 'one of two, SIGKILL', blow: ({ platform }) => platform.kill(`${who}-1`) },
    {
      ...{ who, way: 'frozen', how: 'one of two, SIGSTOP' },
      blow: ({ platform }) => {
        platform.signal(`${who}-1`, 'SIGSTOP');
      },
    },
    { who, way: 'cut off', how: 'one of two, `cut-off`', blow: (edges) => one(edges, cutOff) },
    {
      ...{ who, way: 'slow', how: 'one of two, 300 ms before each answer' },
      blow: (edges) => one(edges, slow),
      heal: ({ bus }) => clearFaults(bus, who),
    },
  ];
  return rows.map((row) => ({ ...row, isUnnoticed: true }));
};

/** A row in which the engine of the first edge, or all of it, stands still half of the time. */
function slowEngine(who: string, which?: 'engine'): SurvivalRow {
  let end = (): void => undefined;
  return {
    ...{ who, way: 'slow', how: HALTING },
    blow: ({ first }) => {
      end = halt((signal) => first.signal(signal, which));
    },
    heal: () => end(),
  };
}

/** The first of two edges behind one address, the second taking over. */
const edge: SurvivalRow[] = [
  {
    ...{ who: 'edge app', way: 'killed', how: 'SIGKILL, started again' },
    blow: async ({ first }) => {
      await first.kill('edge');
      await first.revive();
    },
  },
  {
    ...{ who: 'edge app', way: 'frozen', how: 'SIGSTOP, the address goes to the other edge' },
    blow: (edges) => {
      edges.first.signal('SIGSTOP', 'edge');
      toSecond(edges);
    },
    heal: ({ first }) => first.signal('SIGCONT', 'edge'),
  },
  {
    ...{ who: 'edge app', way: 'cut off', how: '`cut-off`, the address goes to the other edge' },
    blow: async (edges) => {
      await setFault(edges.bus, edges.first.instance(), cutOff);
      toSecond(edges);
    },
  },
  {
    ...{ who: 'edge app', way: 'slow', how: 'all to and from the bus 100 ms late' },
    blow: (edges) => setFault(edges.bus, edges.first.instance(), late),
  },
  {
    ...{ who: 'SIP engine', way: 'killed', how: 'SIGKILL, started again' },
    blow: async ({ first }) => {
      await first.kill('engine');
      await first.revive();
    },
  },
  {
    ...{ who: 'SIP engine', way: 'frozen', how: 'SIGSTOP, the address goes to the other edge' },
    blow: (edges) => {
      edges.first.signal('SIGSTOP', 'engine');
      toSecond(edges);
    },
    heal: ({ first }) => first.signal('SIGCONT', 'engine'),
  },
  {
    ...{ who: 'SIP engine', way: 'cut off', how: 'the address goes to the other edge, nothing reaches the first' },
    blow: toSecond,
  },
  slowEngine('SIP engine', 'engine'),
  {
    ...{ who: 'edge app and engine', way: 'killed', how: 'SIGKILL, the address goes to the other edge' },
    blow: async (edges) => {
      await edges.first.kill();
      toSecond(edges);
    },
  },
  {
    ...{ who: 'edge app and engine', way: 'frozen', how: 'SIGSTOP, the address goes to the other edge' },
    blow: (edges) => {
      edges.first.signal('SIGSTOP');
      toSecond(edges);
    },
    heal: ({ first }) => first.signal('SIGCONT'),
  },
  {
    ...{
      who: 'edge app and engine',
      way: 'cut off',
      how: '`cut-off`, nothing it says reaches phones, the address goes to the other edge',
    },
    blow: async (edges) => {
      edges.router.mute(edges.first.address);
      await setFault(edges.bus, edges.first.instance(), cutOff);
      toSecond(edges);
    },
  },
  slowEngine('edge app and engine'),
];

/** Every process that is connected to the bus, at once. */
const everywhere = async (edges: TwoEdges, fault: AskedFault): Promise<void> => {
  const all = await Promise.all([...services, 'edge-signaling'].map((name) => rehearsing(edges.bus, name)));
  await Promise.all(all.flat().map((instance) => setFault(edges.bus, instance, fault)));
};

const BUS = 'nats-server';

const bus: SurvivalRow[] = [
  {
    ...{ who: 'the whole bus', way: 'killed', how: 'SIGKILL, started again' },
    blow: async ({ platform }) => {
      const pid = (): number | undefined => platform.processes().find(({ name }) => name === BUS)?.pid;
      const before = pid();
      platform.signal(BUS, 'SIGKILL');
      await until('the bus is started again', () => pid() !== undefined && pid() !== before, 30_000);
    },
  },
  {
    ...{ who: 'the whole bus', way: 'frozen', how: 'SIGSTOP until both edges have given it up' },
    blow: async ({ platform, first, second }) => {
      platform.signal(BUS, 'SIGSTOP');
      try {
        await until('no edge is ready', async () => !(await first.isReady()) && !(await second.isReady()), 30_000);
      } finally {
        platform.signal(BUS, 'SIGCONT');
      }
    },
  },
  {
    ...{ who: 'the whole bus', way: 'cut off', how: '`cut-off` of every service, 8 s' },
    blow: (edges) => everywhere(edges, { ...cutOff, forMs: 8_000 }),
  },
  {
    ...{ who: 'the whole bus', way: 'slow', how: 'all to and from it 50 ms late' },
    blow: (edges) => everywhere(edges, { kind: 'late', byMs: 50, forMs: LONG_MS }),
  },
];

/** Whoever dies beside the media: what becomes of an rtpengine is told by its own tests. */
export const survivalRows: readonly SurvivalRow[] = [...edge, ...services.flatMap(ofService), ...bus];
