import { FakeClock } from '@callweave/clock/testing';
import { expect, test } from 'vitest';
import { Departures } from '../src/departures.ts';

/** What has left by now, in order. */
function travel(clock: FakeClock): { readonly come: (who: string) => void; readonly gone: string[] } {
  const departures = new Departures(clock);
  const gone: string[] = [];
  const come = (who: string): void => {
    const leaving = departures.next();
    if (leaving === undefined) gone.push(who);
    else void leaving.then(() => gone.push(who));
  };
  return { come, gone };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('who comes after a pause leaves at once, with all that come in the same turn', () => {
  const { come, gone } = travel(new FakeClock());
  come('first');
  come('beside');
  expect(gone).toEqual(['first', 'beside']);
});

test('who comes soon afterwards leaves with the others that do, within 20 ms', async () => {
  const clock = new FakeClock();
  const { come, gone } = travel(clock);
  come('first');
  await turn();
  clock.advance(5);
  come('second');
  clock.advance(14);
  come('third');
  await turn();
  expect(gone).toEqual(['first']);
  clock.advance(1);
  await turn();
  expect(gone).toEqual(['first', 'second', 'third']);
  clock.advance(20);
  come('much later');
  expect(gone).toContain('much later');
});
