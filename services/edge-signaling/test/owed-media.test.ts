import { FakeClock } from '@callweave/clock/testing';
import { CallId, defaultTenant } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { OwedMedia, type OwedRelease } from '../src/call/owed-media.ts';

const SOON_MS = 2_000;

function openOwed() {
  const clock = new FakeClock();
  const log = recordLogs();
  const state = { isThere: false };
  const asked: OwedRelease[][] = [];
  const owed = new OwedMedia({
    release: (release) => {
      asked.at(-1)?.push(release);
      return Promise.resolve(state.isThere);
    },
    clock,
    log,
  });
  const pass = async (): Promise<void> => {
    asked.push([]);
    clock.advance(SOON_MS);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  return { owed, state, asked, pass, log };
}

function releaseOf(call: number): OwedRelease {
  return { tenant: defaultTenant, callId: CallId.parse(String(call).padStart(26, '0')), node: undefined };
}

test('what could not be released is asked for again until somebody answers, and then no more', async () => {
  const { owed, state, asked, pass } = openOwed();
  owed.owe(releaseOf(1));
  await pass();
  state.isThere = true;
  await pass();
  await pass();
  expect(asked).toEqual([[releaseOf(1)], [releaseOf(1)], []]);
});

test('whoever answers again is not asked for everything at once', async () => {
  const { owed, state, asked, pass } = openOwed();
  state.isThere = true;
  for (let call = 0; call < 100; call++) owed.owe(releaseOf(call));
  await pass();
  await pass();
  await pass();
  expect(asked.map(({ length }) => length)).toEqual([64, 36, 0]);
});

test('what is too much is named and left to the nodes', () => {
  const { owed, log } = openOwed();
  for (let call = 0; call <= 10_000; call++) owed.owe(releaseOf(call));
  expect(log.lines.map(({ event }) => event)).toEqual(['media.left-behind']);
});

test('nothing is asked once it is closed, nor what was being asked then again', async () => {
  const { owed, asked, pass } = openOwed();
  owed.owe(releaseOf(1));
  const asking = pass();
  owed.owe(releaseOf(2));
  owed.close();
  await asking;
  await pass();
  expect(asked).toEqual([[releaseOf(1)], []]);
});
