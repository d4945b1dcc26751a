import { FakeClock } from '@callweave/clock/testing';
import { expect, describe, test } from 'vitest';
import { Pacer } from '../src/media/pacer.ts';
import { PortPool } from '../src/media/port-pool.ts';

describe('the beat', () => {
  test('comes every 20 ms while there is someone to hear it', () => {
    const clock = new FakeClock();
    const pacer = new Pacer({ clock, onSkipped: () => undefined });
    let beats = 0;
    const member = { beat: () => beats++ };
    pacer.add(member);
    clock.advance(1_000);
    expect(beats).toBe(50);
    pacer.remove(member);
    expect(clock.pending).toBe(0);
    pacer.add(member);
    clock.advance(19);
    expect(beats).toBe(50);
    clock.advance(1);
    expect(beats).toBe(51);
  });

  test('makes up for a late timer, but not for a long sleep', () => {
    const clock = new FakeClock();
    let late = 0;
    const lateClock = { ...bound(clock), monotonicMs: () => clock.monotonicMs() + late };
    const skipped: number[] = [];
    const pacer = new Pacer({ clock: lateClock, onSkipped: (count) => skipped.push(count) });
    let beats = 0;
    pacer.add({ beat: () => beats++ });
    late = 60;
    clock.advance(20);
    expect([beats, skipped]).toEqual([4, []]);
    late = 1_060;
    clock.advance(20);
    expect([beats, skipped]).toEqual([14, [41]]);
  });

  test('stops for whoever leaves during it', () => {
    const clock = new FakeClock();
    const pacer = new Pacer({ clock, onSkipped: () => undefined });
    let beats = 0;
    const member = {
      beat: () => {
        beats++;
        pacer.remove(member);
      },
    };
    pacer.add(member);
    clock.advance(100);
    expect([beats, clock.pending]).toEqual([1, 0]);
  });
});

function bound(clock: FakeClock): Pick<FakeClock, 'after' | 'every' | 'epochMs'> {
  return {
    after: (delayMs, action) => clock.after(delayMs, action),
    every: (intervalMs, action) => clock.every(intervalMs, action),
    epochMs: () => clock.epochMs(),
  };
}

describe('the pool of media ports', () => {
  test('hands out even ports, and those freed longest ago first', () => {
    const pool = new PortPool({ minPort: 30_001, maxPort: 30_006 });
    expect([pool.take(), pool.take(), pool.take(), pool.take()]).toEqual([30_002, 30_004, 30_006, undefined]);
    pool.give(30_006);
    pool.give(30_002);
    expect([pool.take(), pool.taken, pool.available]).toEqual([30_006, 2, 1]);
  });

  test('leaves the choice to the operating system when told so', () => {
    const pool = new PortPool({ minPort: 0, maxPort: 0 });
    expect([pool.take(), pool.take(), pool.taken]).toEqual([0, 0, 2]);
  });
});
