import { afterAll, expect, test } from 'vitest';
import { setFault } from '../support/faults.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import { TwoEdges } from '../support/two-edges.ts';
import { until } from '../support/until.ts';

let cluster: NatsCluster | undefined;
// Before the platform's own, that is after it.
afterAll(() => cluster?.stop());
const edges = new TwoEdges(async () => {
  cluster = await startNatsCluster();
  return { ...cluster.settings, CALLWEAVE_FAULTS: 'on' };
});

/** `-t '[1-3]th'` runs three. */
const again = Array.from({ length: 20 }, (_, index) => index + 1);

test.each(again)(
  'an edge that dies while the bus elects who leads is started again in the election, and keeps its calls, for the %ith time',
  async () => {
    const leader = await cluster?.leader('KV_instances');
    const results = await edges.talkThrough(
      async () => {
        await setFault(edges.bus, edges.first.instance(), { kind: 'exit', at: 'in-election' });
        leader?.signal('SIGKILL');
        await until('the edge dies in the election', () => !edges.first.isRunning('edge'), 30_000);
        await edges.first.revive();
      },
      { talkMs: 20_000, changes: true, patienceMs: 60_000 },
    );
    leader?.start();
    await cluster?.whole();
    edges.expectAllContent(results);
    expect(edges.first.isRunning('edge')).toBe(true);
    await edges.expectAllEnded();
    await edges.expectBooksBalance();
  },
);
