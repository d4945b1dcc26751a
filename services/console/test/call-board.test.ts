import { CallRecord } from '@callweave/contracts';
import { beforeEach, describe, expect, test } from 'vitest';
import { CallBoard } from '../src/live/call-board.ts';
import { callOf } from './samples.ts';

let board: CallBoard;

beforeEach(() => {
  board = new CallBoard();
});

function ids(query: Parameters<CallBoard['page']>[0]): string[] {
  return board.page(query).calls.map(({ startedAt }) => String(startedAt / 1_000));
}

describe('the calls in progress', () => {
  test('are counted by state, for a tenant and for all', () => {
    for (const n of [1, 2, 3]) board.begin(callOf(n));
    board.begin(callOf(4, { tenant: 'acme' }));
    board.change(callOf(1).callId, { state: 'ringing' });
    board.change(callOf(2).callId, { state: 'ringing' });
    board.change(callOf(2).callId, { state: 'answered' });
    expect(board.counts()).toEqual({ routing: 2, ringing: 1, answered: 1 });
    expect(board.counts('acme')).toEqual({ routing: 1, ringing: 0, answered: 0 });
    expect(board.counts('nobody')).toEqual({ routing: 0, ringing: 0, answered: 0 });
  });

  test('say who keeps whom on hold, also from the record', () => {
    const { callId } = callOf(1);
    board.begin(callOf(1, { state: 'answered' }));
    expect(board.hold(callId, 'caller', true)?.heldBy).toEqual(['caller']);
    expect(board.hold(callId, 'callee', true)?.heldBy).toEqual(['caller', 'callee']);
    expect(board.hold(callId, 'caller', false)?.heldBy).toEqual(['callee']);
    expect(board.hold(callOf(2).callId, 'caller', true)).toBeUndefined();
  });

  test('are gone and counted no more when they end, and end only once', () => {
    board.begin(callOf(1));
    expect(board.end(callOf(1).callId)).toMatchObject({ state: 'ended' });
    expect(board.end(callOf(1).callId)).toBeUndefined();
    expect([board.size, board.counts()]).toEqual([0, { routing: 0, ringing: 0, answered: 0 }]);
  });

  test('are not what an edge that died tells later, whose heir has told the end', () => {
    const { callId } = callOf(1);
    expect(board.end(callId)).toBeUndefined();
    expect(board.begin(callOf(1))).toMatchObject({ callId, state: 'ended' });
    expect(board.change(callId, { state: 'answered' })).toBeUndefined();
    expect(board.size).toBe(0);
  });

  test('never go back: a fact from before the record adds what the record does not say, and changes nothing', () => {
    const record = CallRecord.parse({
      tenant: 'default',
      callId: callOf(1).callId,
      owner: 'eeeeeeeeeeeeeeee',
      epoch: 1,
      state: 'answered',
      legs: [],
      sequence: 0,
      startedAt: 1_000,
      answeredAt: 5_000,
      heldBy: ['callee'],
    });
    board.restart([record]);
    board.begin(callOf(1));
    board.change(callOf(1).callId, { state: 'ringing', target: 'bob' });
    expect(board.page({ limit: 1 }).calls).toEqual([
      callOf(1, { state: 'answered', answeredAt: 5_000, heldBy: ['callee'], target: 'bob' }),
    ]);
  });

  test('come in pages, newest first, by tenant and by state', () => {
    for (const n of [2, 1, 4, 3]) board.begin(callOf(n, { tenant: n === 4 ? 'acme' : 'default' }));
    board.change(callOf(1).callId, { state: 'ringing' });
    expect(ids({ limit: 3 })).toEqual(['4', '3', '2']);
    const { next } = board.page({ limit: 3 });
    expect(ids({ limit: 3, after: next })).toEqual(['1']);
    expect(board.page({ limit: 3, after: next }).next).toBeUndefined();
    expect(ids({ limit: 9, tenant: 'acme' })).toEqual(['4']);
    expect(ids({ limit: 9, state: 'ringing' })).toEqual(['1']);
  });

  test('are known for who they are from the record alone', () => {
    board.restart([
      CallRecord.parse({
        tenant: 'default',
        callId: callOf(1).callId,
        owner: 'eeeeeeeeeeeeeeee',
        epoch: 1,
        state: 'answered',
        legs: [],
        from: '"Alice A." <sip:alice@example.org>;tag=1',
        to: 'tel:+431234',
        sequence: 0,
        startedAt: 1_000,
      }),
    ]);
    expect(board.page({ limit: 1 }).calls).toMatchObject([
      {
        from: { name: 'Alice A.', user: 'alice', uri: 'sip:alice@example.org' },
        to: { user: '+431234', uri: 'tel:+431234' },
      },
    ]);
  });
});
