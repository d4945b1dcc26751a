import { FakeClock } from '@callweave/clock/testing';
import { InstanceId, type Lease } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { InstanceTable } from '../src/instance-table.ts';

const A = 'aaaaaaaaaaaaaaaa';
const B = 'bbbbbbbbbbbbbbbb';

function lease(instance: string, service = 'registrar'): Lease {
  return { service, instance: InstanceId.parse(instance), version: '1.0.0', startedAt: 0 };
}

function openTable(): { clock: FakeClock; table: InstanceTable } {
  const clock = new FakeClock();
  return { clock, table: new InstanceTable(clock) };
}

describe('who is alive', () => {
  test('an instance is alive for one lease after its last renewal, by our own monotonic clock', () => {
    const { clock, table } = openTable();
    table.renew(lease(A), 1);
    clock.advance(15_000);
    expect(table.candidates('registrar')).toEqual([A]);
    clock.advance(1);
    expect(table.candidates('registrar')).toEqual([]);
  });

  test('seeing the same revision again is no sign of life', () => {
    const { clock, table } = openTable();
    table.renew(lease(A), 7);
    clock.advance(10_000);
    table.renew(lease(A), 7);
    clock.advance(5_001);
    expect(table.candidates('registrar')).toEqual([]);
  });

  test('a bucket that was made anew, with lower revisions, is believed', () => {
    const { clock, table } = openTable();
    table.renew(lease(A), 7_000);
    clock.advance(14_000);
    table.renew(lease(A), 3);
    clock.advance(14_000);
    expect(table.candidates('registrar')).toEqual([A]);
  });

  test('after a reconnection everybody gets one whole lease again', () => {
    const { clock, table } = openTable();
    table.renew(lease(A), 1);
    clock.advance(20_000);
    table.reprieve();
    clock.advance(15_000);
    expect(table.candidates('registrar')).toEqual([A]);
    clock.advance(1);
    expect(table.candidates('registrar')).toEqual([]);
  });

  test('one service does not answer for another', () => {
    const { table } = openTable();
    table.renew(lease(A), 1);
    table.renew(lease(B, 'media-control'), 2);
    table.suspect(B);
    expect(table.candidates('registrar')).toEqual([A]);
    expect(table.hasSuspect('registrar')).toBe(false);
  });
});

describe('whom to ask first', () => {
  test('one that missed two renewals comes after one that did not', () => {
    const { clock, table } = openTable();
    table.renew(lease(A), 1);
    clock.advance(4_501);
    table.renew(lease(B), 2);
    expect(table.candidates('registrar')).toEqual([B, A]);
    expect(table.candidates('registrar')).toEqual([B, A]);
  });

  test('a suspect comes last, even after one that missed renewals', () => {
    const { clock, table } = openTable();
    table.renew(lease(A), 1);
    clock.advance(5_000);
    table.renew(lease(B), 2);
    table.suspect(B);
    expect(table.candidates('registrar')).toEqual([A, B]);
    expect(table.hasSuspect('registrar')).toBe(true);
  });

  test.each([
    ['its answer', (table: InstanceTable) => table.trust(A)],
    ['a renewal of its lease', (table: InstanceTable) => table.renew(lease(A), 9)],
  ])('%s ends the suspicion against an instance', (_name, act) => {
    const { table } = openTable();
    table.renew(lease(A), 1);
    table.suspect(A);
    act(table);
    expect(table.isSuspect(A)).toBe(false);
    expect(table.hasSuspect('registrar')).toBe(false);
  });

  test('equals take turns', () => {
    const { table } = openTable();
    table.renew(lease(A), 1);
    table.renew(lease(B), 2);
    expect([1, 2, 3, 4].map(() => table.candidates('registrar')[0])).toEqual([A, B, A, B]);
  });
});
