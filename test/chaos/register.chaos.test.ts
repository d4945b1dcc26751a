import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeLoadTurn } from '../support/load-turn.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { breakOneByOne, RATE, RegisterLoad } from '../support/register-load.ts';
import { addSubscribers } from '../support/subscribers.ts';

let platform: Platform;
let endTurn = (): void => undefined;
let load: RegisterLoad;

beforeAll(async () => {
  endTurn = await takeLoadTurn();
  platform = await startPlatform({ CALLWEAVE_SIP_PORTS: '0,0' });
  load = new RegisterLoad(platform, await addSubscribers(await platform.bus(), 'load', 1_000));
}, 420_000);

afterAll(async () => {
  await platform.stop();
  endTurn();
});

async function expectNoFailure(running: ReturnType<RegisterLoad['run']>, seconds: number): Promise<void> {
  for (const { errors, ...counts } of await running) {
    expect(counts, errors).toMatchObject({ successful: RATE * seconds, failed: 0 });
  }
}

test('with a registrar and an auth replica killed, and another of each frozen, no phone fails', async () => {
  const running = load.run(20);
  await breakOneByOne(platform, load);
  await expectNoFailure(running, 20);
  expect(await load.answered(503)).toBe(0);
});

test('while the bus restarts no phone fails, and everything heals by itself', async () => {
  const running = load.run(8);
  await load.afterMore(300);
  const process = (): unknown => platform.processes().find(({ name }) => name === 'nats-server');
  const before = process();
  platform.signal('nats-server', 'SIGKILL');
  await load.afterMore(300);
  await expectNoFailure(running, 8);
  expect(process()).not.toEqual(before);
});
