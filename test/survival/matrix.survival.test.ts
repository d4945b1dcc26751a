import { describe, test } from 'vitest';
import { liveOn } from '../support/live-on.ts';
import { survivalRows } from '../support/survival-rows.ts';
import { CALLS, TwoEdges } from '../support/two-edges.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** One field of the matrix, for who draws it. */
    survival?: { who: string; way: string; how: string; calls: number };
  }
}

const edges = new TwoEdges({ CALLWEAVE_FAULTS: 'on' });

/** Half of how long a call lasts; the blow falls in the first half. */
const HALF_MS = 8_000;

describe('calls with speech', () => {
  test.for(survivalRows)('live on when this is $way: $who', async (row, { task }) => {
    const { who, way, how } = row;
    task.meta.survival = { who, way, how, calls: CALLS };
    await liveOn(edges, row, HALF_MS);
  });
});
