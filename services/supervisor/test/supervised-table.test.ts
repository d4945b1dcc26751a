import { describe, expect, test } from 'vitest';
import { type State, supervisedTable } from '../src/supervised.table.ts';

const states = Object.keys(supervisedTable) as State[];

function reachableFrom(start: State): Set<State> {
  const reached = new Set<State>([start]);
  for (const state of reached) for (const [next] of Object.values(supervisedTable[state])) reached.add(next);
  return reached;
}

describe('the life of a supervised process', () => {
  test('every state can be reached', () => {
    expect([...reachableFrom('idle')].sort()).toEqual([...states].sort());
  });

  test('every state leads to terminated, which none leaves', () => {
    for (const state of states) expect(reachableFrom(state)).toContain('terminated');
    expect(supervisedTable.terminated).toEqual({});
  });

  test('a stop is heeded in every state but the last', () => {
    expect(states.filter((state) => supervisedTable[state].stop === undefined)).toEqual(['terminated']);
  });
});
