import { FakeClock } from '@callweave/clock/testing';
import { TimerWheel, WheelTimer } from '@callweave/sip-engine/testing';
import { expect, test } from 'vitest';

function record() {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const seen: string[] = [];
  const timer = (name: string, then?: () => void) =>
    new WheelTimer(
      {
        onTimer: (fired: string) => {
          seen.push(`${fired} @${clock.monotonicMs()}`);
          then?.();
        },
      },
      name,
    );
  return { clock, wheel, seen, timer };
}

test('timers fire in order of their time, near and further away than one turn of the wheel', () => {
  const { clock, wheel, seen, timer } = record();
  for (const ms of [32_000, 500, 10_240, 20, 64_000]) wheel.start(timer(String(ms)), ms);
  clock.advance(70_000);
  expect(seen).toEqual(['20 @20', '500 @500', '10240 @10240', '32000 @32000', '64000 @64000']);
  expect(wheel.size).toBe(0);
});

test('a stopped timer does not fire, also when another stops it in the same turn', () => {
  const { clock, wheel, seen, timer } = record();
  const victim = timer('victim');
  wheel.start(
    timer('killer', () => wheel.stop(victim)),
    100,
  );
  wheel.start(victim, 100);
  clock.advance(200);
  expect(seen).toEqual(['killer @100']);
});

test('a timer may start itself again', () => {
  const { clock, wheel, seen, timer } = record();
  const again = timer('again', () => {
    if (seen.length < 3) wheel.start(again, 10_240);
  });
  wheel.start(again, 10);
  clock.advance(60_000);
  expect(seen).toEqual(['again @10', 'again @10250', 'again @20490']);
});

test('nothing runs while no timer does', () => {
  const { clock, wheel, timer } = record();
  const one = timer('one');
  wheel.start(one, 1_000);
  wheel.stop(one);
  clock.advance(20);
  expect(clock.pending).toBe(0);
});
