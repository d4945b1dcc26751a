import { describe, expect, test } from 'vitest';
import { callTable } from '../src/call/call.table.ts';
import { uacLegTable } from '../src/leg/uac-leg.table.ts';
import { uasLegTable } from '../src/leg/uas-leg.table.ts';

type AnyTable = Readonly<Record<string, Readonly<Record<string, readonly string[] | undefined>>>>;

const tables: readonly [string, AnyTable, string, string][] = [
  ['uas-leg', uasLegTable, 'received', 'terminated'],
  ['uac-leg', uacLegTable, 'calling', 'terminated'],
  ['call', callTable, 'routing', 'ended'],
];

function reachable(table: AnyTable, from: string): Set<string> {
  const found = new Set([from]);
  for (const state of found) for (const edge of Object.values(table[state] ?? {})) found.add(edge?.[0] ?? '');
  return found;
}

describe.each(tables)('the %s table', (_name, table, first, last) => {
  test('reaches every state, and its end from every state', () => {
    expect([...reachable(table, first)].sort()).toEqual(Object.keys(table).sort());
    for (const state of Object.keys(table)) expect(reachable(table, state)).toContain(last);
  });

  test('leaves its end by nothing, and releases whatever it holds on every way there', () => {
    expect(Object.keys(table[last] ?? {})).toEqual([]);
    for (const edges of Object.values(table)) {
      for (const edge of Object.values(edges)) {
        const [next, ...actions] = edge ?? [];
        if (next === last) expect(actions.filter((action) => action === 'dispose')).toHaveLength(1);
      }
    }
  });
});

test('every way to the end of a call tells exactly one terminal fact', () => {
  for (const edges of Object.values(callTable as AnyTable)) {
    for (const edge of Object.values(edges)) {
      const [next, ...actions] = edge ?? [];
      const terminal = actions.filter((action) => action === 'tellEnded' || action === 'tellFailed');
      expect(terminal).toHaveLength(next === 'ended' ? 1 : 0);
    }
  }
});
