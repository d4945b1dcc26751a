import {
  inviteClientTable,
  inviteServerTable,
  nonInviteClientTable,
  nonInviteServerTable,
  type Table,
} from '@callweave/sip-engine/testing';
import { describe, expect, test } from 'vitest';

type AnyTable = Table<string, string, string>;

const tables: [name: string, start: string, table: AnyTable][] = [
  ['INVITE client', 'calling', inviteClientTable],
  ['INVITE server', 'proceeding', inviteServerTable],
  ['non-INVITE client', 'trying', nonInviteClientTable],
  ['non-INVITE server', 'trying', nonInviteServerTable],
];

function reachable(table: AnyTable, from: string): Set<string> {
  const seen = new Set([from]);
  for (const state of seen) {
    for (const edge of Object.values(table[state] ?? {})) if (edge !== undefined) seen.add(edge[0]);
  }
  return seen;
}

describe.each(tables)('the %s table', (_, start, table) => {
  test('reaches every state', () => {
    expect([...reachable(table, start)].sort()).toEqual(Object.keys(table).sort());
  });

  test('can end from every state', () => {
    for (const state of Object.keys(table)) expect(reachable(table, state), state).toContain('terminated');
  });

  test('ends for good', () => {
    expect(table['terminated']).toEqual({});
  });

  test('starts every timer it waits for', () => {
    const edges = Object.values(table).flatMap((inputs) => Object.entries(inputs));
    const waited = new Set(edges.map(([input]) => input).filter((input) => input.startsWith('timer')));
    const actions = new Set(edges.flatMap(([, edge]) => edge?.slice(1) ?? []));
    // Timers of the first state are started with the transaction.
    const initial = new Set(Object.keys(table[start] ?? {}));
    for (const timer of waited) {
      const letter = timer.slice('timer'.length);
      expect(initial.has(timer) || actions.has(`start${letter}`), timer).toBe(true);
    }
  });
});
