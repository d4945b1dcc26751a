import { z } from 'zod';
import { code, page, table } from './markdown.ts';

const Cost = z.object({
  held: z.number(),
  bytesPerConnection: z.object({ rss: z.number(), heap: z.number(), buffers: z.number() }),
  heapAfterwards: z.number(),
  accepting: z.object({ perSecond: z.number(), cpuMsEach: z.number() }),
  keepAlives: z.object({ everySec: z.number(), cpuMsPerThousand: z.number(), percentOfACore: z.number() }),
  silencePercentOfACore: z.number(),
});
const Rounds = z.object({
  connections: z.number(),
  rssMb: z.object({ before: z.number(), during: z.array(z.number()), after: z.array(z.number()) }),
});

/** What `npm run verify -- connections` keeps. */
export const ConnectionsRun = z.object({
  date: z.string(),
  commit: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), node: z.string() }),
  result: z.object({
    fileLimit: z.number(),
    tls: Cost,
    wss: Cost,
    givenBack: z.object({ ofTheSystem: Rounds, jemalloc: Rounds.optional() }),
  }),
});
export type ConnectionsRun = z.infer<typeof ConnectionsRun>;

/** docs/reference/connections.md: what connections that are held cost a SIP engine. */
export function connectionsPage({ date, commit, machine, result }: ConnectionsRun): string {
  const { fileLimit, tls, wss, givenBack } = result;
  const { connections } = givenBack.ofTheSystem;
  return page(
    'Connections',
    'What connections cost one SIP engine that has nothing else to do: phones by TLS, then browsers by WSS, each of which had ' +
      `an OPTIONS answered before and after. The engine may have ${String(fileLimit)} files open. As recorded by ` +
      `\`npm run verify -- connections\` on ${date.slice(0, 10)} of commit ${code(commit.slice(0, 10))}, on ` +
      `${String(machine.cores)} cores of ${machine.cpu} that also were the phones, Node ${machine.node}. Memory is taken after ` +
      'a full garbage collection; what the kernel keeps of a socket is not in it.',
    table(
      ['', 'TLS', 'WSS'],
      [
        row('Connections held', ({ held }) => String(held)),
        row('kB of RSS each; by WSS beyond what TLS left', ({ bytesPerConnection: { rss } }) => kb(rss)),
        row('kB of heap and buffers each', ({ bytesPerConnection: { heap, buffers } }) => kb(heap + buffers)),
        row('Heap when they had closed, over before', ({ heapAfterwards }) => String(heapAfterwards)),
        row('Accepted a second; the phones are on the same cores', ({ accepting }) => String(accepting.perSecond)),
        row('CPU of accepting one, with an OPTIONS, ms', ({ accepting }) => String(accepting.cpuMsEach)),
        row('CPU of 1,000 keep-alives, ms', ({ keepAlives }) => String(keepAlives.cpuMsPerThousand)),
        row('One each in 25 s, % of a core', ({ keepAlives }) => String(keepAlives.percentOfACore)),
        row('Silence, % of a core; by WSS with our pings', ({ silencePercentOfACore: share }) => String(share)),
      ].map(([name, read]) => [name, read(tls), read(wss)]),
    ),
    '## What is given back to the system',
    `RSS, MB, while ${String(connections)} phones by TLS come and go again and again: nothing is left of them in the program, ` +
      'and how much the process keeps for the next ones is the allocator’s choice.',
    table(
      ['Allocator', 'Before', 'With them', 'When they have gone'],
      [
        rounds('of the system', givenBack.ofTheSystem),
        ...(givenBack.jemalloc === undefined ? [] : [rounds('jemalloc', givenBack.jemalloc)]),
      ],
    ),
  );
}

function row(
  name: string,
  read: (cost: z.infer<typeof Cost>) => string,
): [string, (cost: z.infer<typeof Cost>) => string] {
  return [name, read];
}

function rounds(name: string, { rssMb: { before, during, after } }: z.infer<typeof Rounds>): string[] {
  return [name, String(before), during.join(', '), after.join(', ')];
}

function kb(bytes: number): string {
  return (bytes / 1_024).toFixed(1);
}
