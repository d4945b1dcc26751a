import { describe, test } from 'vitest';
import '../support/survival-field.ts';
import { liveOn } from '../support/live-on.ts';
import { survivalRows } from '../support/survival-rows.ts';
import { CALLS, TwoEdges } from '../support/two-edges.ts';

const edges = new TwoEdges(() => ({ CALLWEAVE_FAULTS: 'on' }));

/** Half of how long a call lasts; the blow falls in the first half. */
const HALF_MS = 8_000;

describe('calls with speech', () => {
  test.for(survivalRows.map((row) => [row.who, row.way, row] as const))(
    'live on: %s, %s',
    async ([who, way, row], { task }) => {
      const { how } = row;
      task.meta.survival = { who, way, how, calls: CALLS };
      task.meta.silentMs = await liveOn(edges, row, HALF_MS);
    },
  );
});
