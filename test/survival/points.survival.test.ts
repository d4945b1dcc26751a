import { describe, expect, test } from 'vitest';
import { lastCause } from '../support/call-facts.ts';
import { dieAt } from '../support/die-at.ts';
import { setFault } from '../support/faults.ts';
import { TwoEdges } from '../support/two-edges.ts';

const edges = new TwoEdges({ CALLWEAVE_FAULTS: 'on' });
const CALLS = 5;

describe('an edge that dies', () => {
  test.each([1, 2, 3, 4, 5])(
    'when it has answered a caller, at call %i, keeps that call and all others',
    async (pass) => {
      const [called] = await dieAt(edges, { at: 'after-answer', pass }, CALLS);
      expect(called, called.errors).toMatchObject({ successful: CALLS });
      await edges.expectBooksBalance();
    },
  );

  test.each([1, 2, 3, 4, 5])(
    'when a caller has acknowledged, at call %i, keeps that call and all others',
    async (pass) => {
      const [called] = await dieAt(edges, { at: 'after-ack', pass }, CALLS);
      expect(called, called.errors).toMatchObject({ successful: CALLS });
      await edges.expectBooksBalance();
    },
  );

  test('when a caller has acknowledged, and nothing of his call could be stored, keeps it from its journal', async () => {
    await setFault(edges.bus, edges.first.instance(), { kind: 'no-writes', bucket: 'calls', forMs: 60_000 });
    const [called] = await dieAt(edges, { at: 'after-ack', pass: 1 }, 1);
    expect(called, called.errors).toMatchObject({ successful: 1 });
    await edges.expectBooksBalance();
  });

  test('when it has answered a BYE, hangs the other side up when it is back', async () => {
    await dieAt(edges, { at: 'in-bye', pass: 1 }, 1);
    expect(await lastCause(edges.bus)).toEqual({ by: 'platform', reason: 'node-lost' });
    await edges.expectBooksBalance();
  });
});
