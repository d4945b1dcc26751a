import { FakeClock } from '@callweave/clock/testing';
import { Fault } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';
import { Faults } from '../src/faults/faults.ts';

function open(): { faults: Faults; clock: FakeClock; seen: string[]; set: (fault: object) => void } {
  const clock = new FakeClock();
  const seen: string[] = [];
  const halting = { exit: () => seen.push('exit'), standStill: (forMs: number) => seen.push(`still ${String(forMs)}`) };
  const faults = new Faults({ clock, log: recordLogs(), halting });
  return { faults, clock, seen, set: (fault) => faults.set(Fault.parse(fault)) };
}

describe('faults that are set', () => {
  test('end the process at the pass they name, and at no other point', () => {
    const { faults, seen, set } = open();
    set({ kind: 'exit', at: 'after-ack', pass: 3 });
    for (const point of ['after-ack', 'in-bye', 'after-ack', 'before-reply'] as const) faults.pass(point);
    expect(seen).toEqual([]);
    faults.pass('after-ack');
    expect(seen).toEqual(['exit']);
  });

  test('freeze once, and slow down until they are cleared', () => {
    const { faults, seen, set } = open();
    set({ kind: 'freeze', at: 'in-bye', forMs: 5_000 });
    set({ kind: 'slow', at: 'before-reply', forMs: 200 });
    for (const point of ['in-bye', 'in-bye', 'before-reply', 'before-reply'] as const) faults.pass(point);
    expect(seen).toEqual(['still 5000', 'still 200', 'still 200']);
    faults.clear();
    faults.pass('before-reply');
    expect(seen).toHaveLength(3);
    expect(faults.list()).toEqual([]);
  });

  test('last as long as they say, and tell when they begin and end', () => {
    const { faults, clock, set } = open();
    let told = 0;
    faults.onChange(() => (told += 1));
    set({ kind: 'cut-off', way: 'in', forMs: 3_000 });
    set({ kind: 'late', byMs: 50, forMs: 5_000 });
    clock.advance(1_000);
    expect(faults.list().map(({ leftMs }) => leftMs)).toEqual([2_000, 4_000]);
    expect(faults.weather).toEqual({ isCut: { in: true, out: false }, lateMs: 50 });
    clock.advance(2_000);
    expect(faults.weather).toEqual({ isCut: { in: false, out: false }, lateMs: 50 });
    clock.advance(2_000);
    expect(faults.list()).toEqual([]);
    expect(told).toBe(4);
  });

  test('concern the bucket and the rtpengine they name', () => {
    const { faults, set } = open();
    set({ kind: 'no-writes', bucket: 'calls', forMs: 1_000 });
    set({ kind: 'late-writes', bucket: 'location', byMs: 200, forMs: 1_000 });
    set({ kind: 'cut-node', node: '127.0.0.1:2223', forMs: 1_000 });
    expect([faults.refusesWritesTo('calls'), faults.refusesWritesTo('instances')]).toEqual([true, false]);
    expect([faults.writesLateBy('location'), faults.writesLateBy('calls')]).toEqual([200, 0]);
    expect([faults.isCut('127.0.0.1:2223'), faults.isCut('127.0.0.1:2224')]).toEqual([true, false]);
  });
});
