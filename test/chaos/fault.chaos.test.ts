import { describe, expect, test } from 'vitest';
import { dieAt } from '../support/die-at.ts';
import { setFault } from '../support/faults.ts';
import { liveOn } from '../support/live-on.ts';
import { survivalRows } from '../support/survival-rows.ts';
import { TwoEdges } from '../support/two-edges.ts';

const edges = new TwoEdges(() => ({ CALLWEAVE_FAULTS: 'on' }));
const HALF_MS = 5_000;
/** Those of the matrix in which most parts are needed; `npm run verify -- survival` has them all. */
const short = survivalRows.filter(({ who, way }) => who === 'edge app' && way === 'cut off');

describe('calls with speech', () => {
  test.for(short.map((row) => [row.who, row.way, row] as const))('live on: %s, %s', async ([, , row]) => {
    await liveOn(edges, row, HALF_MS);
  });
});

describe('an edge that dies', () => {
  test('between the journal line of an answer and the answer ends that call once, for its callee too', async () => {
    const [, answered] = await dieAt(edges, { at: 'before-answer', pass: 1 }, 1);
    expect(answered, answered.errors).toMatchObject({ successful: 1, failed: 0 });
    await edges.expectBooksBalance();
    expect(await edges.newCalls()).toEqual([['initiated', 'routed', 'ringing', 'answered', 'ended']]);
  });

  test('when it knows where a call goes loses neither that call nor those that begin while it starts again', async () => {
    const [called] = await dieAt(edges, { at: 'in-invite', pass: 1 }, 3);
    expect(called, called.errors).toMatchObject({ successful: 3, failed: 0 });
    await edges.expectBooksBalance();
  });

  test('before anything of a call is stored leaves the next edge its end to tell, and the caller a call', async () => {
    await setFault(edges.bus, edges.first.instance(), { kind: 'no-writes', bucket: 'calls', forMs: 60_000 });
    const [called] = await dieAt(edges, { at: 'in-invite', pass: 1 }, 1);
    expect(called, called.errors).toMatchObject({ successful: 1, failed: 0 });
    await edges.expectBooksBalance();
    expect(await edges.newCalls()).toEqual([
      ['initiated', 'failed'],
      ['initiated', 'routed', 'ringing', 'answered', 'ended'],
    ]);
  });
});
