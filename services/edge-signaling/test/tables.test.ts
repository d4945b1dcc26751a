import { describe, expect, test } from 'vitest';
import { callTable } from '../src/call/call.table.ts';
import { establishedCallTable } from '../src/call/established-call.table.ts';
import { sessionChangesTable } from '../src/call/session-changes.table.ts';
import { adoptedLegTable } from '../src/leg/adopted-leg.table.ts';
import { uacLegTable } from '../src/leg/uac-leg.table.ts';
import { uasLegTable } from '../src/leg/uas-leg.table.ts';
import { placementTable } from '../src/remote-leg/placement.table.ts';
import { outdialTable } from '../src/transfer/outdial.table.ts';
import { transferTable } from '../src/transfer/transfer.table.ts';

type AnyTable = Readonly<Record<string, Readonly<Record<string, readonly string[] | undefined>>>>;

const tables: readonly [string, AnyTable, string, string][] = [
  ['uas-leg', uasLegTable, 'received', 'terminated'],
  ['uac-leg', uacLegTable, 'calling', 'terminated'],
  ['adopted-leg', adoptedLegTable, 'confirmed', 'terminated'],
  ['placement', placementTable, 'underWay', 'terminated'],
  ['call', callTable, 'routing', 'ended'],
  ['established-call', establishedCallTable, 'talking', 'ended'],
  ['session-changes', sessionChangesTable, 'steady', 'closed'],
  ['transfer', transferTable, 'seeking', 'ended'],
  ['outdial', outdialTable, 'routing', 'ended'],
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

test('every way to the end of a call tells one terminal fact, hands the call on, or lets another edge do so', () => {
  const closing = new Set(['tellFailed', 'answerCaller', 'end', 'handOn', 'dropLegs']);
  for (const table of [callTable, establishedCallTable] as readonly AnyTable[]) {
    for (const edge of Object.values(table).flatMap((edges) => Object.values(edges))) {
      const [next, ...actions] = edge ?? [];
      expect(actions.filter((action) => closing.has(action))).toHaveLength(next === 'ended' ? 1 : 0);
    }
  }
});
