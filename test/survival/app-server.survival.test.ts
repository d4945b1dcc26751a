import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection } from '@callweave/bus';
import { type Cdr } from '@callweave/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import '../support/survival-field.ts';
import { answeredCalls, callDetailRecords, callKinds, openCalls } from '../support/call-facts.ts';
import { takeLoadTurn } from '../support/load-turn.ts';
import { mediaSessions } from '../support/media-sessions.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { runSipp, type SippResult } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';
import { until } from '../support/until.ts';
import { halt, HALTING } from '../support/halting.ts';

const CALLS = 20;
/** Since the session has last changed. Longer than an application that is gone may stay so. */
const TALK_MS = 40_000;

let platform: Platform;
let bus: Connection;
let endTurn = (): void => undefined;
let lines: readonly string[] = [];
let speech = '';

beforeAll(async () => {
  endTurn = await takeLoadTurn();
  platform = await startPlatform();
  bus = await platform.bus();
  lines = sippLines(await addSubscribers(bus, 'caller', CALLS));
  speech = join(platform.stateDir, 'speech.ulaw');
  writeFileSync(speech, Buffer.alloc(8_000, 0xff));
}, 420_000);

afterAll(async () => {
  await platform.stop();
  endTurn();
});

/** Calls the echo, `talkMs` each unless it hangs up. */
function callEcho(calls: number, talkMs: number): Promise<SippResult> {
  const keys = { callee: 'echo', media_file: speech };
  return runSipp({
    scenario: 'call-and-follow',
    remote: platform.sip[0] ?? '',
    calls,
    rate: calls,
    talkMs,
    lines,
    keys,
  });
}

/** Callers are in the application when `blow` falls; the records of their calls, each of which has ended once. */
async function suffer(blow: () => Promise<void> | void, changes: readonly string[] = []): Promise<Cdr[]> {
  const before = await callKinds(bus);
  const calling = callEcho(CALLS, TALK_MS);
  await until('all callers are answered', async () => (await answeredCalls(bus)).length === CALLS, 30_000);
  await blow();
  const { errors, ...counts } = await calling;
  expect(counts, errors).toMatchObject({ successful: CALLS, failed: 0 });
  const isNew = ({ callId }: { callId: string }): boolean => !before.has(callId);
  const records = async (): Promise<Cdr[]> => (await callDetailRecords(bus)).filter(isNew);
  await until('all calls are recorded', async () => (await records()).length >= CALLS);
  await until(
    'nothing is left of any call',
    async () => (await mediaSessions(platform)) + (await openCalls(bus)).length === 0,
  );
  const told = [...(await callKinds(bus))].filter(([callId]) => !before.has(callId)).map(([, kinds]) => kinds);
  // Whether it is told that a machine rings is up to the machine.
  const calm = told.map((kinds) => kinds.filter((kind) => kind !== 'ringing'));
  expect(calm).toEqual(Array.from({ length: CALLS }, () => ['initiated', 'routed', 'answered', ...changes, 'ended']));
  const audit = await platform.cli('audit', '--grace-sec', '0');
  expect(audit, audit.output).toMatchObject({ code: 0 });
  return records();
}

/** Whoever calls again is served, or told 503 until somebody is there. */
async function expectServed(): Promise<void> {
  const isServed = async (): Promise<boolean> => {
    const { errors, failed } = await callEcho(1, 500);
    if (failed > 0) expect(errors).toContain("received 'SIP/2.0 503 ");
    return failed === 0;
  };
  await until('who calls again is served', isServed, 60_000);
}

const reasons = (records: readonly Cdr[]): string[] => [
  ...new Set(records.map(({ cause }) => `${cause.by} ${cause.reason}`)),
];

describe('callers in an application', () => {
  test.for([
    ['app-server', 'killed', 'SIGKILL; each caller is placed anew'],
    ['app-server', 'frozen', 'SIGSTOP; the same, when it has not answered for long'],
    ['app-server', 'cut off', 'SIGSTOP of its engine, which stands between it and everybody; the same'],
    ['media server of applications', 'killed', 'SIGKILL; each caller is placed anew'],
    ['media server of applications', 'frozen', 'SIGSTOP; the same, when it has not answered for long'],
  ] as const)('whose %s is %s go on in another, and hang up when they like', async ([who, way, how], { task }) => {
    task.meta.survival = { who, way, how, calls: CALLS };
    const isServer = who === 'app-server';
    const hit = isServer ? (way === 'cut off' ? 'app-engine' : who) : 'media-engine';
    const records = await suffer(
      () => (way === 'killed' ? platform.kill(hit) : platform.signal(hit, 'SIGSTOP')),
      ['transferred'],
    );
    expect(reasons(records)).toEqual(['caller hang-up']);
    await expectServed();
  });

  test.for([
    ['app-server', 'app-server'],
    ['media server of applications', 'media-engine'],
  ] as const)('whose %s is slow hang up when they like', async ([who, name], { task }) => {
    task.meta.survival = { who, way: 'slow', how: `${HALTING}; nobody notices`, calls: CALLS };
    const pidOf = (): number | undefined => platform.processes().find((one) => one.name === name)?.pid;
    const pid = pidOf();
    let end = (): void => undefined;
    try {
      const records = await suffer(() => {
        end = halt((signal) => platform.signal(name, signal));
      });
      expect(reasons(records)).toEqual(['caller hang-up']);
      expect(pidOf()).toBe(pid);
    } finally {
      end();
    }
    await expectServed();
  });
});
