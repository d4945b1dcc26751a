import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freePhonePort } from '../support/free-port.ts';
import { writeMessage } from '../support/ladder-text.ts';
import { illegalIn, laddersOfCalls } from '../support/legal.ts';
import { type SeenMessage } from '../support/phone-ladder.ts';
import { PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';

const phones = new PhonePlatform();
const CALLS = 8;
/** Calls begun per second in each race; they all run at once. */
const RATE = 3;
/** When the callee does its part, ms; the caller does his at these times. */
const ANSWER_MS = 100;
/** After which a phone of the callee has seen all it will see, ms. */
const LATE_MS = 5_000;
const RACE_MS = [30, 85, 92, 96, 100, 104, 150];

interface Race {
  readonly caller: string;
  /** One for each phone of the callee. */
  readonly callees: readonly string[];
  readonly raceMs: number;
}

/** The calls of one race, as every phone has seen them: the caller's first. */
async function run({ caller, callees, raceMs }: Race): Promise<SeenMessage[][][]> {
  const directory = mkdtempSync(join(tmpdir(), 'callweave-race-'));
  const [calling, called] = await addSubscribers(phones.bus, `race-${String(await freePhonePort())}-`, 2);
  if (calling === undefined || called === undefined) throw new Error('no accounts');
  const stop = new AbortController();
  const about = { remote: phones.edge, toleratesDisorder: true, timeoutSec: 60, signal: stop.signal };
  const keys = { callee: called.user, race_ms: String(raceMs), answer_ms: String(ANSWER_MS) };
  try {
    const answering = await Promise.all(
      callees.map(async (scenario, index) => {
        const localPort = await freePhonePort();
        const lines = sippLines([called]);
        const registered = await runSipp({ ...about, scenario: 'register', calls: 1, lines, localPort });
        expect(registered, registered.errors).toMatchObject({ successful: 1, failed: 0 });
        const trace = join(directory, `callee-${String(index)}`);
        return {
          trace,
          running: runSipp({ ...about, scenario, calls: CALLS, keys, localPort, trace, dropsCalls: true }),
        };
      }),
    );
    const trace = join(directory, 'caller');
    const lines = sippLines([calling]);
    const calls = {
      scenario: caller,
      calls: CALLS,
      rate: RATE,
      keys,
      lines,
      trace,
      talkMs: 300,
      localPort: await freePhonePort(),
    };
    const result = await runSipp({ ...about, ...calls });
    const seen = (): string => laddersOfCalls(readFileSync(trace, 'utf8')).map(writeLadder).join('\n');
    if (result.failed > 0)
      throw new Error(`${String(result.failed)} callers are not through: ${result.errors}\n${seen()}`);
    expect(result).toMatchObject({ successful: CALLS, failed: 0 });
    // One that has missed a request waits until the platform gives up, as the call does not.
    const all = Promise.all(answering.map(({ running }) => running));
    await Promise.race([all, pause(LATE_MS)]);
    stop.abort();
    await all;
    return [trace, ...answering.map((one) => one.trace)].map((file) => laddersOfCalls(readFileSync(file, 'utf8')));
  } finally {
    stop.abort();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Nothing in any ladder may be wrong; the ladders that are, in full. */
function expectLegal(ladders: readonly (readonly SeenMessage[])[]): void {
  const wrong = ladders.flatMap((ladder) => {
    const found = illegalIn(ladder);
    return found.length === 0 ? [] : [...found, writeLadder(ladder)];
  });
  expect(wrong).toEqual([]);
}

function writeLadder(ladder: readonly SeenMessage[]): string {
  return [...ladder.map((message) => writeMessage(message)), ''].join('\n');
}

/** The ladders of every race. */
async function raceEach(caller: string, callees: readonly string[]): Promise<SeenMessage[][][]> {
  const races = await Promise.all(RACE_MS.map((raceMs) => run({ caller, callees, raceMs })));
  return races.reduce((all, race) => race.map((ladders, phone) => [...(all[phone] ?? []), ...ladders]), []);
}

test('whoever gives up just when he is answered is either not answered, or answered, acknowledged and hung up', async () => {
  const ladders = await raceEach('race-cancel', ['race-answer']);
  expect(ladders.map((calls) => calls.length)).toEqual([CALLS * RACE_MS.length, CALLS * RACE_MS.length]);
  expectLegal(ladders.flat());
});

test('a session that is changed just when the other side hangs up is over on both sides', async () => {
  const ladders = await raceEach('race-change', ['race-hang-up']);
  expect(ladders.map((calls) => calls.length)).toEqual([CALLS * RACE_MS.length, CALLS * RACE_MS.length]);
  expectLegal(ladders.flat());
});

test('of two phones that answer at once one has the call, and the other is told so or hung up', async () => {
  const [callers = [], ...callees] = await raceEach('call', ['race-answer', 'race-answer']);
  expect(callers).toHaveLength(CALLS * RACE_MS.length);
  expectLegal([callers, ...callees].flat());
});
