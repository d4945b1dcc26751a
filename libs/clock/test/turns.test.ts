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
  /** How many turns a loop that always has something to do makes in this time. */
  async function turnsIn(ms: number): Promise<number> {
    const end = performance.now() + ms;
    let turns = 0;
    for (; performance.now() < end; turns++) await nextTurn();
    return turns;
  }

  it('makes no more of them than one each time, once it is found to be busy', async () => {
    const stop = gatherTurns({ gatherMs: 20 });
    await turnsIn(250);
    const turns = await turnsIn(200);
    stop();
    expect(turns).toBeLessThan(20);
    expect(await turnsIn(200)).toBeGreaterThan(turns);
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
