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
});

describe('a process that gathers its turns', () => {
  it('goes on at once with what a turn left behind', async () => {
    let asked = 0;
    const stop = gatherTurns({
      gatherMs: 60_000,
      leftSome: () => {
        asked += 1;
        return true;
      },
    });
    while (asked < 200) await nextTurn();
    stop();
    expect(asked).toBeGreaterThanOrEqual(200);
  });

  it('is left alone when that is over', async () => {
    let asked = 0;
    const stop = gatherTurns({ gatherMs: 1, leftSome: () => ++asked > 0 });
    stop();
    await nextTurn();
    await nextTurn();
    expect(asked).toBe(0);
  });
});
