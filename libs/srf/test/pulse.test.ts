import { FakeClock } from '@callweave/clock/testing';
import { expect, test } from 'vitest';
import { Pulse } from '../src/pulse.ts';

/** A pulse and an engine that answers as long as it is `alive`, and later what it was asked meanwhile. */
function openPulse(): { clock: FakeClock; pulse: Pulse; engine: { alive: boolean; thaw(): void }; seen: string[] } {
  const clock = new FakeClock();
  const seen: string[] = [];
  let waiting: (() => void)[] = [];
  const engine = {
    alive: true,
    thaw: () => {
      engine.alive = true;
      for (const answered of waiting.splice(0)) answered();
    },
  };
  const tell = (what: string) => () => void seen.push(`${what} @${String(clock.monotonicMs())}`);
  const pulse = new Pulse({
    ask: (answered) => {
      if (engine.alive) answered();
      else waiting = [...waiting, answered];
    },
    ...{ silent: tell('silent'), back: tell('back'), clock },
  });
  pulse.start();
  return { clock, pulse, engine, seen };
}

test('an engine that answers is alive, however little there is to say', () => {
  const { clock, seen } = openPulse();
  clock.advance(60_000);
  expect(seen).toEqual([]);
});

test('one that stands still is given up, once, and is back when it answers what it was asked', () => {
  const { clock, engine, seen } = openPulse();
  clock.advance(10_500);
  engine.alive = false;
  clock.advance(30_000);
  expect(seen).toEqual(['silent @14000']);
  engine.thaw();
  clock.advance(30_000);
  expect(seen).toEqual(['silent @14000', 'back @40500']);
});

test('what it says of its own accord shows that it is back', () => {
  const { clock, pulse, engine, seen } = openPulse();
  engine.alive = false;
  clock.advance(10_000);
  pulse.heard();
  expect(seen.at(-1)).toBe('back @10000');
});

test('a short pause is none', () => {
  const { clock, engine, seen } = openPulse();
  for (let time = 0; time < 20; time++) {
    engine.alive = false;
    clock.advance(1_900);
    engine.thaw();
    clock.advance(100);
  }
  expect(seen).toEqual([]);
});

test('on a connection that has been lost nothing is missed, and a new one begins anew', () => {
  const { clock, pulse, engine, seen } = openPulse();
  engine.alive = false;
  clock.advance(2_000);
  pulse.stop();
  clock.advance(30_000);
  expect(seen).toEqual([]);
  pulse.start();
  clock.advance(4_000);
  expect(seen).toEqual([]);
  clock.advance(1_000);
  expect(seen).toEqual(['silent @37000']);
});
