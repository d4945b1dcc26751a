import { BusUnavailableError } from '@callweave/bus';
import { FakeClock } from '@callweave/clock/testing';
import { expect, test } from 'vitest';
import { whileElected } from '../src/while-elected.ts';

/** A step that finds the bus without a leader so often, tried for a second; how often it was. */
async function tried(refusals: number, error: Error = new BusUnavailableError('no leader')): Promise<unknown> {
  const clock = new FakeClock();
  let times = 0;
  const done = whileElected(clock, 1_000, () => {
    times += 1;
    return times > refusals ? Promise.resolve(times) : Promise.reject(error);
  }).catch((thrown: unknown) => thrown);
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 10; j++) await Promise.resolve();
    clock.advance(500);
  }
  return done;
}

test('what a cluster without a leader refuses is tried again until it has one', async () => {
  expect(await tried(0)).toBe(1);
  expect(await tried(2)).toBe(3);
});

test('a cluster that elects nobody in time is given up', async () => {
  expect(await tried(3)).toBeInstanceOf(BusUnavailableError);
});

test('another refusal is not tried again', async () => {
  const error = new Error('no permission');
  expect(await tried(1, error)).toBe(error);
});
