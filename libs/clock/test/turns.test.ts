import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { atTurnEnd, type Expected, gatherTurns, TurnPace } from '@callweave/clock';

/** Until a way of working is usual, ms. */
const USUAL_MS = 2_000;

/** An event loop of its own time: what it is asked to do takes time, and what it waits for news is idle. */
class Loop {
  nowMs = 0;
  #idleMs = 0;
  readonly #pace = new TurnPace({ gatherMs: 10, busyShare: 0.1, lingerMs: 5, idleMs: () => this.#idleMs }, 0);

  /** Works for so long, then rests or not; how long it rested. */
  turn(workMs: number, expected?: Expected): number {
    this.nowMs += workMs;
    const restMs = this.#pace.restMs(this.nowMs, expected);
    this.wait(restMs);
    return restMs;
  }

  /** News comes every `everyMs`, each worth `workMs`, and a turn takes all there is: the rests when that is usual. */
  run(everyMs: number, workMs: number): number[] {
    const rests: number[] = [];
    const endMs = this.nowMs + USUAL_MS;
    for (let newsMs = this.nowMs + everyMs; this.nowMs < endMs;) {
      this.wait(Math.max(0, newsMs - this.nowMs));
      const pieces = 1 + Math.floor((this.nowMs - newsMs) / everyMs);
      newsMs += pieces * everyMs;
      const restMs = this.turn(pieces * workMs);
      if (this.nowMs > endMs - USUAL_MS / 10) rests.push(restMs);
    }
    return rests;
  }

  wait(ms: number): void {
    this.nowMs += ms;
    this.#idleMs += ms;
  }
}

const highest = (values: readonly number[]): number => Math.max(...values);

describe('the pace of turns', () => {
  it('is as fast as news comes while there is little to do', () => {
    expect(highest(new Loop().run(5, 0.005))).toBe(0);
  });

  it('is one turn in the time given once a process works for the share of its time that is called busy', () => {
    const rests = new Loop().run(1, 0.2);
    expect(rests.length).toBeGreaterThan(0);
    for (const restMs of rests) expect(restMs).toBeCloseTo(8);
  });

  it('is between them while a process works for a part of that share', () => {
    const rests = new Loop().run(1, 0.05);
    expect(highest(rests)).toBeGreaterThan(3);
    expect(highest(rests)).toBeLessThan(6);
  });

  it('leaves turns alone that take longer than the time given', () => {
    expect(highest(new Loop().run(11, 11))).toBe(0);
  });

  it('is fast again once a process is idle', () => {
    const loop = new Loop();
    loop.run(1, 0.2);
    loop.wait(1_000);
    expect(highest(loop.run(5, 0.005))).toBe(0);
  });

  it('does not take its rests for work', () => {
    const loop = new Loop();
    loop.run(1, 0.2);
    // Half a hundredth of its time: it rests for half a millisecond, and not because it rested before.
    expect(highest(loop.run(5, 0.025))).toBeLessThan(1);
  });

  it('does not wait while a turn has left news behind', () => {
    const loop = new Loop();
    loop.run(1, 0.2);
    expect(loop.turn(2, { isUrgent: true })).toBe(0);
    expect(loop.turn(2)).toBeCloseTo(8);
  });

  it('waits for answers first, and rests for what is left of the time given', () => {
    const loop = new Loop();
    loop.run(1, 0.2);
    loop.turn(0.5);
    for (let answers = 0; answers < 3; answers++) {
      expect(loop.turn(0.5, { awaits: true })).toBe(0);
      loop.wait(1);
    }
    expect(loop.turn(0.5)).toBeCloseTo(5);
  });

  it('waits no longer for answers than it may, and after a rest anew', () => {
    const loop = new Loop();
    loop.run(1, 0.2);
    const rest = (): number => loop.turn(1, { awaits: true });
    loop.turn(1);
    expect([rest(), rest(), rest(), rest(), rest()]).toEqual([0, 0, 0, 0, 0]);
    expect(rest()).toBeCloseTo(4);
    expect(rest()).toBe(0);
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
    stop();
    await nextTurn();
    let atOnce = 0;
    await until((ms) => (atOnce = rested(ms) ? 0 : atOnce + 1) === 1_000);
  });

  it('is asked to rest after what the turn gave it to send has left', async () => {
    const seen: string[] = [];
    const stop = gatherTurns({ gatherMs: 1, isUrgent: () => seen.push('rest') > 0 });
    await nextTurn();
    seen.length = 0;
    atTurnEnd(() => seen.push('left'));
    await nextTurn();
    stop();
    expect(seen.slice(0, 2)).toEqual(['left', 'rest']);
  });

  it.each(['never gathered', 'no longer gathers'])('that %s sends at the end of a turn all the same', async (how) => {
    const stop = how === 'never gathered' ? undefined : gatherTurns({ gatherMs: 1 });
    await new Promise<void>((resolve) => {
      atTurnEnd(resolve);
      stop?.();
    });
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
