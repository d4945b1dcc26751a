import { z } from 'zod';
import { code, page, table } from './markdown.ts';

const Memory = z.object({ rss: z.number(), heapUsed: z.number(), arrayBuffers: z.number() });
const Trend = z.object({ slope: z.number(), low: z.number(), high: z.number() });
const Trends = z.object({ rss: Trend, heapUsed: Trend, arrayBuffers: Trend });

/** What `npm run verify -- held-calls` keeps. */
export const HeldCallsRun = z.object({
  date: z.string(),
  commit: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), node: z.string() }),
  result: z.object({
    goalBytes: z.number(),
    rate: z.number(),
    highest: z.number(),
    firstLimit: z.string(),
    levels: z.array(
      z.object({
        calls: z.number(),
        rate: z.number(),
        up: z.number(),
        failed: z.number(),
        perCall: z.object({ engine: Memory, edge: Memory }),
        memory: z.object({ engine: Memory, edge: Memory }),
        flat: z.object({ minutes: z.number(), engine: Trends, edge: Trends }).optional(),
      }),
    ),
    heapAfterwards: z.object({ engine: z.number(), edge: z.number() }),
    bus: z.object({
      finishedCalls: z.number(),
      rssBytesPerMillion: z.number(),
      streams: z.record(
        z.string(),
        z.object({
          messagesPerCall: z.number(),
          storedBytesPerMillion: z.number(),
          keptHours: z.number(),
          keptCalls: z.number(),
        }),
      ),
    }),
    audit: z.object({ balances: z.boolean() }),
  }),
});
export type HeldCallsRun = z.infer<typeof HeldCallsRun>;

const PROCESSES = ['engine', 'edge'] as const;

/** docs/reference/held-calls.md: how many calls at once, and what one takes. */
export function heldCallsPage({ date, commit, machine, result }: HeldCallsRun): string {
  const { levels, bus, audit, heapAfterwards, goalBytes, highest, firstLimit } = result;
  const heap = (memory: z.infer<typeof Memory>): string => kb(memory.heapUsed + memory.arrayBuffers);
  const flat = levels.find((level) => level.flat !== undefined);
  return page(
    'Held calls',
    `How many calls the platform holds at once, with media from phone to phone: **${thousands(highest)}** on this machine; ` +
      `the first limit met: ${firstLimit.split(';', 1)[0] ?? ''}. A call in the engine and a call in the edge are to take less than ` +
      `${kb(goalBytes)} kB each. As recorded by \`npm run verify -- held-calls\` on ${date.slice(0, 10)} of commit ` +
      `${code(commit.slice(0, 10))}, on ${String(machine.cores)} cores of ${machine.cpu} that also ran the phones, Node ` +
      `${machine.node}. Memory is taken after a full garbage collection, against the same processes without calls. ` +
      `\`callweave audit\` ${audit.balances ? 'balanced' : '**did not balance**'} afterwards, and the heaps were ` +
      `${String(heapAfterwards.engine)} (engine) and ${String(heapAfterwards.edge)} (edge) times those before.`,
    table(
      ['Calls', 'Set up', 'Held', 'Failed', 'kB a call: engine heap', 'engine RSS', 'edge heap', 'edge RSS'],
      levels.map(({ calls, rate, up, failed, perCall: { engine, edge } }) => [
        ...[thousands(calls), `${String(Math.round(rate))}/s`, thousands(up), thousands(failed)],
        ...[heap(engine), kb(engine.rss), heap(edge), kb(edge.rss)],
      ]),
    ),
    ...marginOf(levels),
    '## Held and nothing else',
    ...(flat?.flat === undefined ? ['Not measured.'] : trendsOf(flat.calls, flat.flat)),
    '## What finished calls leave on the bus',
    `For a million of them, extrapolated from ${thousands(bus.finishedCalls)}: ${mb(bus.rssBytesPerMillion)} MB of memory ` +
      'in nats-server, until the oldest are forgotten. Of the calls themselves nothing is left stored.',
    table(
      ['Stream', 'Messages a call', 'MB stored for a million calls', 'Kept'],
      Object.entries(bus.streams).map(([name, { messagesPerCall, storedBytesPerMillion, keptHours, keptCalls }]) => [
        ...[code(name), String(messagesPerCall), mb(storedBytesPerMillion)],
        `${String(keptHours)} h, ${thousands(keptCalls)} calls at most`,
      ]),
    ),
  );
}

/** RSS has room in it that does not grow with the calls: what more calls took besides is told apart. */
function marginOf(levels: HeldCallsRun['result']['levels']): string[] {
  const whole = levels.filter(({ up, calls }) => up >= calls);
  const [first, last] = [whole[0], whole.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const margin = (name: (typeof PROCESSES)[number]): string =>
    kb((last.memory[name].rss - first.memory[name].rss) / (last.up - first.up));
  return [
    `RSS also has the room that Node keeps for young objects, however many calls there are. From ${thousands(first.calls)} ` +
      `to ${thousands(last.calls)} calls each took ${margin('engine')} kB of RSS in the engine and ${margin('edge')} kB in the edge.`,
  ];
}

function trendsOf(
  calls: number,
  flat: { readonly minutes: number } & Record<(typeof PROCESSES)[number], Trends>,
): string[] {
  const shown = ({ slope, low, high }: z.infer<typeof Trend>): string => `${kb(slope)} (${kb(low)} to ${kb(high)})`;
  return [
    `${thousands(calls)} calls for ${String(flat.minutes)} minutes: the change of memory, kB a minute in sum, with the ` +
      'bounds within which it is with 95 % confidence.',
    table(
      ['Process', 'Heap', 'RSS'],
      PROCESSES.map((name) => [name, shown(flat[name].heapUsed), shown(flat[name].rss)]),
    ),
  ];
}

type Trends = z.infer<typeof Trends>;

function kb(bytes: number): string {
  return (bytes / 1_024).toFixed(1);
}

function mb(bytes: number): string {
  return String(Math.round(bytes / 1e6));
}

function thousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
