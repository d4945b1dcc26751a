import { FakeClock } from '@callweave/clock/testing';
import { describe, expect, test } from 'vitest';
import { SupervisedProcess } from '../src/supervised-process.ts';

/** A process under supervision whose every start, signal and message is written down. */
function supervise({ endsWhenAsked = true, spawnFails = false } = {}) {
  const clock = new FakeClock();
  const seen: string[] = [];
  const health = { alive: true, ready: true, starved: false };
  let pid = 0;
  let exit: (reason: string) => void = () => undefined;
  const at = (text: string): void => void seen.push(`${text} @${String(clock.monotonicMs())}`);
  /** Says so at once, or that it has missed after its time-out. */
  const isAlive = (): Promise<boolean> =>
    health.alive ? Promise.resolve(true) : new Promise((resolve) => clock.after(1_000, () => resolve(false)));
  const supervised = new SupervisedProcess({
    clock,
    prepare: () =>
      Promise.resolve({
        httpPort: 8000 + pid,
        probe: { isAlive, isReady: () => Promise.resolve(health.ready) },
        spawn: (exited) => {
          exit = exited;
          pid += 1;
          at('start');
          if (spawnFails) throw new Error('too many open files');
          return {
            pid,
            waitedMs: () => (health.starved ? clock.monotonicMs() : 0),
            kill: (signal) => {
              at(signal);
              if (signal === 'SIGKILL' || endsWhenAsked) exited(signal);
            },
          };
        },
      }),
    tell: (happening) => at(happening.kind === 'up' && happening.again ? 'back' : happening.kind),
  });
  /** Time passes in small steps, so that answers of probes arrive in between. */
  const pass = async (ms: number): Promise<void> => {
    for (let step = 0; step < ms; step += 100) {
      clock.advance(100);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    }
  };
  return { supervised, health, seen, pass, die: () => exit('exit code 1') };
}

describe('a supervised process', () => {
  test('is started again after it died, later each time, and at once after a long life', async () => {
    const { supervised, health, seen, pass, die } = supervise();
    health.ready = false;
    supervised.start();
    await pass(100);
    for (const wait of [200, 400, 800]) {
      die();
      await pass(wait);
    }
    await pass(30_000);
    die();
    await pass(200);
    expect(seen).toEqual([
      'start @100',
      'died @100',
      'start @300',
      'died @300',
      'start @700',
      'died @700',
      'start @1500',
      'died @31500',
      'start @31700',
    ]);
  });

  test('is told of when it takes work, and when it is back', async () => {
    const { supervised, seen, pass, die } = supervise();
    supervised.start();
    await pass(300);
    die();
    await pass(400);
    expect(seen).toEqual(['start @100', 'up @200', 'died @300', 'start @500', 'back @600']);
    expect(supervised.running).toEqual({ pid: 2, httpPort: 8001 });
  });

  test('is killed and started again when it has not reacted five times in a row', async () => {
    const { supervised, health, seen, pass } = supervise();
    supervised.start();
    await pass(2_100);
    health.alive = false;
    await pass(8_000);
    health.alive = true;
    await pass(2_000);
    health.alive = false;
    await pass(11_300);
    expect(seen).toEqual([
      'start @100',
      'up @200',
      'frozen @23100',
      'SIGKILL @23100',
      'died @23100',
      'start @23300',
      'back @23400',
    ]);
  });

  test('is left alone for a minute while it waits for the processor, and not killed for what it missed then', async () => {
    const { supervised, health, seen, pass } = supervise();
    supervised.start();
    await pass(2_100);
    Object.assign(health, { alive: false, starved: true });
    await pass(58_000);
    health.alive = true;
    await pass(2_000);
    expect(seen).toEqual(['start @100', 'up @200']);
    health.alive = false;
    await pass(75_000);
    expect(seen.slice(2, 3)).toEqual(['frozen @133100']);
  });

  test('that cannot even be started is tried again', async () => {
    const { supervised, seen, pass } = supervise({ spawnFails: true });
    supervised.start();
    await pass(400);
    expect(seen).toEqual(['start @100', 'died @100', 'start @300', 'died @300']);
    await supervised.stop(2_000);
  });

  test('is given time to react for the first time', async () => {
    const { supervised, health, seen, pass } = supervise();
    Object.assign(health, { alive: false, ready: false });
    supervised.start();
    await pass(30_000);
    expect(seen).toEqual(['start @100']);
  });

  test('ends when asked and stays away', async () => {
    const { supervised, seen, pass } = supervise();
    supervised.start();
    await pass(500);
    await supervised.stop(2_000);
    await pass(20_000);
    expect(seen).toEqual(['start @100', 'up @200', 'SIGTERM @500']);
    expect(supervised.state).toBe('terminated');
    expect(supervised.running).toBeUndefined();
  });

  test('is killed when it does not end in time', async () => {
    const { supervised, seen, pass } = supervise({ endsWhenAsked: false });
    supervised.start();
    await pass(500);
    const stopped = supervised.stop(2_000);
    await pass(2_000);
    await stopped;
    expect(seen.slice(2)).toEqual(['SIGTERM @500', 'SIGKILL @2500']);
  });

  test('is not started any more when it is stopped between two starts', async () => {
    const { supervised, seen, pass, die } = supervise();
    supervised.start();
    await pass(100);
    die();
    await supervised.stop(2_000);
    await pass(20_000);
    expect(seen).toEqual(['start @100', 'died @100']);
  });
});
