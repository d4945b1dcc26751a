import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { gatherTurns, TurnPace } from '@callweave/clock';

/** Turns `everyMs` for `forMs`, each moved by the rests before it; how long each was to rest. */
function rests(pace: TurnPace, everyMs: number, forMs: number, fromMs = 0): number[] {
  const given: number[] = [];
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += everyMs) {
    const restMs = pace.restMs(nowMs);
    given.push(restMs);
    nowMs += restMs;
  }
  return given;
}

describe('the pace of turns', () => {
  it('is as fast as news comes while there is little', () => {
    expect(new Set(rests(new TurnPace(2), 10, 1_000))).toEqual(new Set([0]));
  });

  it('is one turn in the time given once a process is busy, whatever the turns took', () => {
    const pace = new TurnPace(2);
    rests(pace, 0.5, 300);
    for (const restMs of rests(pace, 0.5, 100, 300)) expect(restMs).toBeCloseTo(1.5);
  });

  it('leaves turns alone that take longer than the time given', () => {
    const pace = new TurnPace(2);
    expect(new Set(rests(pace, 2.5, 1_000))).toEqual(new Set([0]));
  });

  it('is fast again once a process is idle', () => {
    const pace = new TurnPace(2);
    rests(pace, 0.5, 300);
    expect(rests(pace, 50, 500, 1_000).slice(2)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('does not wait while a turn has left news behind', () => {
    const pace = new TurnPace(2);
    rests(pace, 0.5, 300);
    expect(pace.restMs(300.5, true)).toBe(0);
    expect(pace.restMs(301, false)).toBeCloseTo(1.5);
  });
});

describe('a process that gathers its turns', () => {
  const GATHER_MS = 20;

  /** How long one turn took of a loop that always has something to do, ms. */
  async function turn(): Promise<number> {
    const startMs = performance.now();
    await nextTurn();
    return performance.now() - startMs;
  }

  /** Makes turns until one of them is as wanted. */
  async function until(isWanted: (ms: number) => boolean): Promise<void> {
    while (!isWanted(await turn()));
  }

  it('makes them one after the other in the time given, once it is found to be busy, and at once when that is over', async () => {
    const rested = (ms: number): boolean => ms > GATHER_MS / 2;
    const stop = gatherTurns({ gatherMs: GATHER_MS });
    await until(rested);
    // It does not find that it is not busy because it rests.
    for (let slots = 0; slots < 3; slots++) await until(rested);
    stop();
    await nextTurn();
    let atOnce = 0;
    await until((ms) => (atOnce = rested(ms) ? 0 : atOnce + 1) === 1_000);
  });

  it('is left alone when that is over', async () => {
    let asked = 0;
    const stop = gatherTurns({ gatherMs: 1, isUrgent: () => ++asked > 0 });
    stop();
    await nextTurn();
    await nextTurn();
    expect(asked).toBe(0);
  });
});
