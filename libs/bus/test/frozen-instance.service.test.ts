import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type Bus } from '../src/bus.ts';
import { type NatsServer, startNats } from '../src/testing.ts';
import { type Child, startChild } from './child-process.ts';
import { oracleProfile, pilgrimProfile, weather } from './weather.ts';

const FROZEN = 'ffffffffffffffff';
const LIVELY = 'llllllllllllllll';
const WAIT_MS = 3_000;
/** Leaves time for the next one after a wait. */
const DEADLINE_MS = 4 * WAIT_MS;
/** Of a question for which nobody else is asked. */
const LATE_MS = WAIT_MS / 2;

let nats: NatsServer;
let pilgrim: Bus;
let frozen: Child;
let lively: Child;

beforeAll(async () => {
  nats = await startNats({ profiles: [oracleProfile, pilgrimProfile] });
  [frozen, lively] = await Promise.all([
    startChild('oracle.ts', [nats.url, FROZEN]),
    startChild('oracle.ts', [nats.url, LIVELY]),
  ]);
});

afterAll(async () => {
  await Promise.all([frozen.kill(), lively.kill()]);
  await nats.stop();
});

beforeEach(async () => {
  pilgrim = await nats.bus(pilgrimProfile, 'pppppppppppppppp');
  for (const first of [FROZEN, LIVELY]) {
    await eventually(async () => expect((await ask('here', 2_000, first)).sky).toBe(first), { timeout: 10_000 });
  }
});

afterEach(async () => {
  frozen.signal('SIGCONT');
  await pilgrim.close();
});

/** Asks and tells who answered after how many ms. */
async function ask(place: string, deadlineMs: number, first?: string): Promise<{ sky: string; tookMs: number }> {
  const started = performance.now();
  const { sky } = await pilgrim.ask(weather, {}, { place }, { deadlineMs, attemptMs: WAIT_MS, first });
  return { sky, tookMs: performance.now() - started };
}

describe('an instance that is frozen', () => {
  test('is worked around within the deadline, and not waited for again', async () => {
    frozen.signal('SIGSTOP');
    const { sky, tookMs } = await ask('first', DEADLINE_MS, FROZEN);
    expect(sky).toBe(LIVELY);
    expect(tookMs).toBeGreaterThanOrEqual(WAIT_MS - 10);
    const answers = [];
    for (let turn = 0; turn < 20; turn++) answers.push(await ask(`then-${String(turn)}`, DEADLINE_MS, FROZEN));
    expect(answers.map((one) => one.sky)).toEqual(answers.map(() => LIVELY));
    expect(Math.max(...answers.map((one) => one.tookMs))).toBeLessThan(WAIT_MS - 10);
  });

  test('costs those who ask the queue group a wait or two, not every second one', async () => {
    frozen.signal('SIGSTOP');
    const slow = [];
    for (let turn = 0; turn < 40; turn++) {
      const { sky, tookMs } = await ask(`turn-${String(turn)}`, DEADLINE_MS);
      expect(sky).toBe(LIVELY);
      if (tookMs >= WAIT_MS - 10) slow.push(turn);
    }
    expect(slow.length).toBeLessThanOrEqual(2);
  });

  test('works on no question whose deadline has passed when it goes on', async () => {
    frozen.signal('SIGSTOP');
    await ask('late', LATE_MS, FROZEN).catch(() => undefined);
    const lateBy = performance.now() + LATE_MS + 1_000;
    await eventually(() => expect(performance.now()).toBeGreaterThan(lateBy), { timeout: LATE_MS + 5_000 });
    frozen.signal('SIGCONT');
    await eventually(async () => expect((await ask('again', 1_000, FROZEN)).sky).toBe(FROZEN), { timeout: 8_000 });
    expect(frozen.lines.filter((place) => place === 'late')).toEqual([]);
    expect(frozen.lines).toContain('again');
  });
});
