import { FakeClock } from '@callweave/clock/testing';
import {
  type CallRecord,
  CallId,
  defaultTenant,
  EpochMs,
  InstanceId,
  LEASE_SEC,
  type LegRecord,
} from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';
import { type FoundLeg } from '../src/call/call-records.ts';
import { type EstablishedCall } from '../src/call/established-call.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { Sweep, type SweepDeps } from '../src/survive/sweep.ts';

const dead = InstanceId.parse('aaaaaaaaaaaaaaaa');
const live = InstanceId.parse('bbbbbbbbbbbbbbbb');
const legs = [createLegId(), createLegId()] as const;

const record = (state: CallRecord['state']): CallRecord => ({
  tenant: defaultTenant,
  callId: CallId.parse('01HF7YAT000000000000000000'),
  owner: dead,
  epoch: 1,
  legs: [...legs],
  state,
  from: '<sip:a@d>',
  to: '<sip:b@d>',
  sequence: 4,
  startedAt: EpochMs.parse(1),
  answeredAt: EpochMs.parse(2),
  detail: {} as CallRecord['detail'],
});

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** Lets the time pass in which an edge looks so often who is alive. */
async function looks(clock: FakeClock, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    clock.advance(2_000);
    await settle();
  }
}

interface Takeover extends Partial<SweepDeps> {
  /** Whether another edge has the call still. */
  readonly holds?: boolean;
}

/** Nothing in any journal. */
const noWord = {
  begun: () => [],
  talking: () => [],
  isEnding: () => false,
  moves: () => [],
};

/** What an edge does that takes over from one before it. */
async function takenOver(
  state: CallRecord['state'],
  known: readonly string[],
  { holds = false, ...rest }: Takeover = {},
): Promise<string[]> {
  const seen: string[] = [];
  const clock = new FakeClock();
  const call = record(state);
  const act = (what: string) => (): Promise<undefined> => {
    seen.push(what);
    return Promise.resolve(undefined);
  };
  const found = (legId: string): FoundLeg => ({ call, leg: { legId } as LegRecord, revision: 7 });
  const deps: SweepDeps = {
    records: {
      list: () => Promise.resolve([{ call, revision: 7, storedAtMs: 0 }]),
      find: (legId) => Promise.resolve(known.includes(legId) ? found(legId) : undefined),
      remove: () => Promise.resolve(),
    },
    calls: { all: [], byId: () => undefined },
    isSetUpHere: () => false,
    adopter: {
      adopt: () => {
        seen.push('adopted');
        return Promise.resolve({} as unknown as EstablishedCall);
      },
      close: act('closed'),
      conclude: () => seen.push('concluded'),
      goOn: () => seen.push('gone on with'),
      outlive: () => false,
      resume: () => Promise.resolve(),
    },
    releaseMedia: (_tenant, mediaId) => seen.push(`${mediaId} released`),
    peers: { holds: () => Promise.resolve(holds) },
    holders: () => [live],
    owner: () => live,
    clock,
    log: recordLogs(),
    ...rest,
  };
  const sweep = new Sweep(deps);
  sweep.takeOver([dead]);
  await settle();
  clock.advance(100);
  await settle();
  sweep.stop();
  return seen;
}

describe('when the lease of an edge has ended', () => {
  /** Which of our calls are to do without which edge, once `after` are those that live. */
  async function outlived(after: readonly string[]): Promise<string[]> {
    const clock = new FakeClock();
    const seen: string[] = [];
    let living: readonly string[] = [live, dead];
    const call = { parts: { callId: 'ours' } } as unknown as EstablishedCall;
    const adopter = {
      outlive: (one: EstablishedCall, edge: InstanceId) => seen.push(`${one.parts.callId} ${edge}`) > 0,
    };
    const records = { list: () => Promise.resolve([]), find: () => Promise.resolve(undefined) };
    const sweep = new Sweep({
      ...{ records, adopter, clock, log: recordLogs(), owner: () => live, holders: () => living },
      ...{ calls: { all: [call], byId: () => undefined }, isSetUpHere: () => false },
    } as unknown as SweepDeps);
    clock.advance(2_000);
    living = after;
    await looks(clock, 3);
    sweep.stop();
    return seen;
  }

  test('the calls of those who live do without it, once', async () => {
    expect(await outlived([live])).toEqual([`ours ${dead}`]);
  });

  test('an edge that does not see its own judges no other', async () => {
    expect(await outlived([])).toEqual([]);
  });
});

describe('a call that is marked as ended', () => {
  /** When its end is told by an edge that starts `laterMs` after it was marked, s after the start. */
  async function concluded(owner: InstanceId, laterMs: number): Promise<number[]> {
    const clock = new FakeClock();
    const seen: number[] = [];
    const stored = { call: { ...record('ended'), owner }, revision: 7, storedAtMs: clock.epochMs() - laterMs };
    const startedMs = clock.monotonicMs();
    let isThere = true;
    const sweep = new Sweep({
      ...{ clock, log: recordLogs(), owner: () => live, holders: () => [live], isSetUpHere: () => false },
      calls: { all: [], byId: () => undefined },
      records: {
        list: () => Promise.resolve(isThere ? [stored] : []),
        remove: () => Promise.resolve((isThere = false)),
      },
      adopter: { conclude: () => seen.push((clock.monotonicMs() - startedMs) / 1_000) },
    } as unknown as SweepDeps);
    await looks(clock, 60);
    sweep.stop();
    return seen;
  }

  test('by an edge that is gone is told to have, once that one could have a minute ago', async () => {
    expect(await concluded(dead, 0)).toEqual([60]);
    expect(await concluded(dead, 45_000)).toEqual([16]);
  });

  test('by a process before this one too', async () => {
    expect(await concluded(live, 1_000)).toEqual([60]);
  });

  test('by this one is told by itself, and never looked for', async () => {
    expect(await concluded(live, 0)).toEqual([]);
  });
});

describe('a call that is ours by its record', () => {
  /** When it is taken over, s. */
  async function swept(isInHand: boolean): Promise<number[]> {
    const clock = new FakeClock();
    const seen: number[] = [];
    const call = { ...record('answered'), owner: live };
    const adopted = (): Promise<undefined> => {
      seen.push(clock.monotonicMs() / 1_000);
      return Promise.resolve(undefined);
    };
    const sweep = new Sweep({
      ...{ clock, log: recordLogs(), owner: () => live, holders: () => [live], isSetUpHere: () => false },
      calls: { all: [], byId: () => (isInHand ? {} : undefined) },
      records: {
        list: () => Promise.resolve([{ call, revision: 7, storedAtMs: clock.epochMs() }]),
        find: () => Promise.resolve({ call, leg: {}, revision: 7 }),
      },
      adopter: { adopt: adopted },
    } as unknown as SweepDeps);
    await looks(clock, 20);
    sweep.stop();
    return seen;
  }

  test('and in hand goes on', async () => {
    expect(await swept(true)).toEqual([]);
  });

  test('and not in hand was got without our hearing so, and is taken over', async () => {
    const [adoptedAfterSec = 0] = await swept(false);
    expect(adoptedAfterSec).toBeGreaterThan(LEASE_SEC);
  });
});

describe('of an edge that is gone', () => {
  test.each<[string, CallRecord['state'], readonly string[], string[]]>([
    ['an answered call is taken over', 'answered', legs, ['adopted', 'gone on with']],
    ['an answered call that has been removed since is left alone', 'answered', [], []],
    ['a call that rang is closed', 'routing', [], ['closed']],
    ['a call that has ended is left alone', 'ended', legs, []],
  ])('%s', async (_what, state, known, expected) => {
    expect(await takenOver(state, known)).toEqual(expected);
  });

  test('an end that was begun and not told is told', async () => {
    const left = { ...noWord, isEnding: (callId: string) => callId === record('ended').callId };
    expect(await takenOver('ended', legs, { left })).toEqual(['concluded']);
    // Whoever is about to tell it has more to say.
    const inHand = { all: [], byId: () => ({}) as unknown as EstablishedCall };
    expect(await takenOver('ended', legs, { left, calls: inHand })).toEqual([]);
  });

  test('a media session that was begun by an edge before, and that no call has come to, is released', async () => {
    const { tenant } = record('answered');
    const mediaId = CallId.parse('01HF7YAT000000000000000009');
    const left = { ...noWord, moves: () => [{ tenant, mediaId, atMs: 0 }] };
    expect(await takenOver('answered', legs, { left })).toEqual(['adopted', 'gone on with', `${mediaId} released`]);
    expect(await takenOver('ended', legs, { left })).toEqual([`${mediaId} released`]);
    // What was begun since is our own, and looked after.
    const since = { ...noWord, moves: () => [{ tenant, mediaId, atMs: Infinity }] };
    expect(await takenOver('ended', legs, { left: since })).toEqual([]);
    const come = { ...record('answered'), mediaId };
    const records = {
      list: () => Promise.resolve([{ call: come, revision: 7, storedAtMs: 0 }]),
      find: () => Promise.resolve(undefined),
      remove: () => Promise.resolve(),
    };
    expect(await takenOver('answered', [], { left, records })).toEqual([]);
  });

  test('nothing is touched that another edge still has', async () => {
    expect(await takenOver('answered', legs, { holds: true })).toEqual([]);
  });

  /** What is done about a call that its journal has and that is not stored. */
  async function leftInJournal(state: CallRecord['state'], answeredForMs?: number): Promise<string[]> {
    const clock = new FakeClock();
    const answeredAt = answeredForMs === undefined ? undefined : EpochMs.parse(clock.epochMs() - answeredForMs);
    const left = { ...noWord, begun: () => [{ ...record(state), answeredAt }] };
    const records = {
      list: () => Promise.resolve([]),
      find: () => Promise.resolve(undefined),
      remove: () => Promise.resolve(),
    };
    return takenOver(state, [], { left, records, clock });
  }

  test('a call that was not stored yet is closed', async () => {
    expect(await leftInJournal('routing')).toEqual(['closed']);
    expect(await leftInJournal('answered', 1_000)).toEqual(['closed']);
  });

  test('a call that was answered long ago and is stored no more has ended elsewhere', async () => {
    expect(await leftInJournal('answered', LEASE_SEC * 1_000)).toEqual([]);
  });

  test('a call that its journal and the records have is closed once', async () => {
    const left = { ...noWord, begun: () => [record('routing')] };
    expect(await takenOver('routing', [], { left })).toEqual(['closed']);
  });
});
