import { type Connection } from '@callweave/bus';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callDetailRecords, callKinds, openCalls } from '../support/call-facts.ts';
import { CallLoad } from '../support/call-load.ts';
import { mediaSessions } from '../support/media-sessions.ts';
import { takeLoadTurn } from '../support/load-turn.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const RATE = 50;
const SECONDS = 20;

let platform: Platform;
let endTurn = (): void => undefined;
let bus: Connection;
let load: CallLoad;

beforeAll(async () => {
  endTurn = await takeLoadTurn();
  platform = await startPlatform();
  bus = await platform.bus();
  load = await CallLoad.open(platform);
}, 420_000);

afterAll(async () => {
  await platform.stop();
  endTurn();
});

async function afterMoreCalls(count: number): Promise<void> {
  const target = (await callKinds(bus)).size + count;
  await until(`${String(count)} more calls`, async () => (await callKinds(bus)).size >= target, 30_000);
}

test('with each service killed at one replica and frozen at the other, no call of 50 a second fails', async () => {
  const running = load.run(RATE, SECONDS);
  await afterMoreCalls(100);
  await platform.kill('registrar-1', 'call-routing-1');
  await afterMoreCalls(50);
  await platform.kill('auth-challenge-affinity-1', 'media-control-1');
  await afterMoreCalls(50);
  platform.signal('registrar-2', 'SIGSTOP');
  platform.signal('call-routing-2', 'SIGSTOP');
  await afterMoreCalls(150);
  platform.signal('auth-challenge-affinity-2', 'SIGSTOP');
  platform.signal('media-control-2', 'SIGSTOP');
  const { errors, ...counts } = await running;
  expect(counts, errors).toMatchObject({ successful: RATE * SECONDS, failed: 0 });

  await until(
    'nothing is left of any call',
    async () => (await mediaSessions(platform)) + (await openCalls(bus)).length === 0,
    60_000,
  );
  const areOver = async (): Promise<boolean> =>
    [...(await callKinds(bus)).values()].every((told) => told.at(-1) === 'ended');
  await until('all calls have ended', areOver, 60_000);
  const kinds = [...(await callKinds(bus)).values()];
  expect(kinds).toHaveLength(RATE * SECONDS);
  for (const told of kinds) expect(told).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
  await until('all calls are recorded', async () => (await callDetailRecords(bus)).length >= kinds.length);
  const audit = await platform.cli('audit', '--grace-sec', '0');
  expect(audit).toMatchObject({ code: 0, output: expect.stringContaining('the books balance') as string });
  expect(audit.output).toContain(`${String(kinds.length)} calls: ${String(kinds.length)} answered, 0 failed`);
});
