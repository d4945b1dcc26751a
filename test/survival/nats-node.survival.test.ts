import { afterAll, describe, test } from 'vitest';
import '../support/survival-field.ts';
import { liveOn } from '../support/live-on.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import { type SurvivalRow } from '../support/survival-rows.ts';
import { CALLS, TwoEdges } from '../support/two-edges.ts';
import { halt, HALTING } from '../support/halting.ts';

let cluster: NatsCluster | undefined;
// Before the platform's own, that is after it.
afterAll(() => cluster?.stop());
const edges = new TwoEdges(async () => {
  cluster = await startNatsCluster();
  return cluster.settings;
});

/** Longer than an election takes, which is four to nine seconds. */
const HALF_MS = 15_000;
const who = 'a NATS node of three';

let wake = (): void => undefined;

async function leader(): Promise<Awaited<ReturnType<NatsCluster['leader']>>> {
  if (cluster === undefined) throw new Error('there is no cluster');
  return cluster.leader();
}

/** Whoever asks in an election is told 503, and the next blow is to find all three. */
async function settle(): Promise<void> {
  wake();
  await cluster?.whole();
}

const rows: readonly SurvivalRow[] = [
  {
    ...{ who, way: 'killed', how: 'the one that leads, SIGKILL' },
    blow: async () => {
      const node = await leader();
      node.signal('SIGKILL');
      wake = () => node.start();
    },
    heal: settle,
  },
  {
    ...{ who, way: 'frozen', how: 'the one that leads, SIGSTOP' },
    blow: async () => {
      const node = await leader();
      node.signal('SIGSTOP');
      wake = () => node.signal('SIGCONT');
    },
    heal: settle,
  },
  {
    ...{ who, way: 'cut off', how: 'the one that leads: nothing passes between it, the others and its clients' },
    blow: async () => {
      const node = await leader();
      node.cut();
      wake = () => node.mend();
    },
    heal: settle,
  },
  {
    ...{ who, way: 'slow', how: `the one that leads, ${HALTING}` },
    blow: async () => {
      const node = await leader();
      wake = halt((signal) => node.signal(signal));
    },
    heal: settle,
  },
];

describe('calls with speech on three NATS nodes', () => {
  test.for(rows.map((row) => [row.who, row.way, row] as const))('live on: %s, %s', async ([, way, row], { task }) => {
    const { how } = row;
    task.meta.survival = { who, way, how, calls: CALLS };
    task.meta.silentMs = await liveOn(edges, row, HALF_MS);
  });
});
