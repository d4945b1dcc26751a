import { describe, expect, test } from 'vitest';
import { type Audit, audit, type BrokenFact, type Period } from '../src/audit/audit.ts';
import { type AuditedFact } from '../src/audit/audited-fact.ts';
import { Books } from '../src/audit/books.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const BEGAN_MS = NOW_MS - HOUR_MS / 2;
const TALK_MS = 7_000;
const period: Period = {
  ...{ fromMs: NOW_MS - HOUR_MS, toMs: NOW_MS, nowMs: NOW_MS, graceMs: 60_000 },
  keptSinceMs: NOW_MS - 24 * HOUR_MS,
};
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A ULID of this moment. */
function idOf(beganMs: number): string {
  const time = Array.from({ length: 10 }, (_, i) => ALPHABET[Math.floor(beganMs / 32 ** (9 - i)) % 32]);
  return `${time.join('')}0000000000000000`;
}

type Step = AuditedFact['name'] | Partial<AuditedFact>;

const named: Readonly<Record<string, Partial<AuditedFact>>> = {
  initiated: { kind: 'initiated', sequence: 1 },
  routed: { sequence: 2 },
  ringing: { sequence: 3 },
  answered: { kind: 'answered', sequence: 4 },
  ended: { kind: 'ended', sequence: 5, durationMs: TALK_MS },
  failed: { kind: 'failed', sequence: 4 },
};

/** What is told of a call, a step every second and the end when it has been talked in. */
function call(steps: readonly Step[], beganMs = BEGAN_MS): AuditedFact[] {
  return steps.map((step, index) => {
    const { name = '', ...given } = typeof step === 'string' ? { name: step } : step;
    const answeredMs = beganMs + 3_000;
    const toldAtMs = name === 'ended' || name === 'recorded' ? answeredMs + TALK_MS : beganMs + 1_000 * index;
    const record = { talkMs: TALK_MS, answeredAt: answeredMs, endedAt: answeredMs + TALK_MS };
    return {
      ...{ callId: idOf(beganMs), tenant: 'default', kind: 'other', name, toldAtMs, storedAtMs: toldAtMs },
      ...(name === 'recorded' ? { kind: 'recorded', record } : named[name]),
      ...given,
    };
  });
}

const whole = ['initiated', 'routed', 'ringing', 'answered', 'ended', 'recorded'];
const again = { name: 'failed', sequence: 6, storedAtMs: BEGAN_MS + 10_000 };
const unanswered = { name: 'recorded', record: { talkMs: 0, endedAt: BEGAN_MS + 3_000 } };

interface Kept {
  /** Told outside the period. */
  readonly elsewhere?: readonly AuditedFact[];
  readonly inProgress?: readonly string[];
  readonly bounds?: Partial<Period>;
}

function audited(facts: readonly (AuditedFact | BrokenFact)[], kept: Kept = {}): Promise<Audit> {
  const { elsewhere = [], inProgress = [], bounds = {} } = kept;
  const all = [...facts, ...elsewhere].filter((fact) => fact.kind !== 'broken');
  const ports = {
    whole: ({ callId }: { callId: string }) =>
      Promise.resolve(all.filter((fact) => fact.callId === callId).sort((a, b) => a.storedAtMs - b.storedAtMs)),
    inProgress: () => Promise.resolve(new Set(inProgress)),
  };
  return audit(inTurn(facts), ports, { ...period, ...bounds });
}

async function* inTurn<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) yield await Promise.resolve(value);
}

async function faultsOf(steps: readonly Step[], kept: Kept = {}): Promise<string[]> {
  return (await audited(call(steps), kept)).findings.map(({ fault }) => fault);
}

describe('the books of a period', () => {
  test('balance when each call has one end and one record', async () => {
    const failed = call(['initiated', { name: 'failed', sequence: 2 }, unanswered], BEGAN_MS + 60_000);
    const adopted = call(['initiated', 'routed', 'failed', unanswered], BEGAN_MS + 120_000);
    expect(await audited([...call(whole), ...failed, ...adopted])).toEqual({
      ...{ calls: 3, answered: 1, failed: 2, inProgress: 0, beganBefore: 0, endedAfter: 0, findings: [] },
    });
  });

  test.each<[string, readonly Step[], readonly string[]]>([
    ['a call without an end', whole.slice(0, 4), ['no-end']],
    ['a call that ended and failed', [...whole.slice(0, 5), again, 'recorded'], ['two-ends']],
    [
      'an answered call that failed',
      [...whole.slice(0, 4), { name: 'failed', sequence: 5 }],
      ['failed-although-answered', 'no-record'],
    ],
    ['an end without an answer', ['initiated', { name: 'ended', sequence: 2 }, 'recorded'], ['ended-unanswered']],
    ['an end without a beginning', whole.slice(1), ['not-initiated']],
    ['a double number', [...whole.slice(0, 4), { name: 'ended', sequence: 4 }, 'recorded'], ['number-double']],
    ['a missing number', whole.filter((name) => name !== 'routed'), ['number-missing']],
    ['a fact that came late', ['initiated', 'ringing', 'routed', ...whole.slice(3)], ['number-late']],
    ['an event told twice', [...whole.slice(0, 4), { name: 'answered', sequence: 5 }], ['no-end', 'told-twice']],
    ['an end without a record', whole.slice(0, 5), ['no-record']],
    ['two records', [...whole, 'recorded'], ['two-records']],
    ['a record without an end', [...whole.slice(0, 4), 'recorded'], ['no-end', 'record-without-end']],
  ])('name %s', async (_, steps, faults) => {
    expect(await faultsOf(steps)).toEqual(faults);
    expect((await audited(call(steps))).findings[0]).toMatchObject({ callId: idOf(BEGAN_MS) });
  });

  test.each([
    ['talked longer than the end says', { talkMs: TALK_MS + 1_100 }],
    ['answered at another time', { answeredAt: BEGAN_MS + 1_000 }],
    ['never answered', { answeredAt: undefined }],
    ['ended at another time', { endedAt: BEGAN_MS + 20_000 }],
  ])('name a record by which the call was %s', async (_, wrong) => {
    const recorded = call(whole).at(-1);
    const record = { talkMs: 0, endedAt: 0, ...recorded?.record, ...wrong };
    expect(await faultsOf([...whole.slice(0, 5), { name: 'recorded', record }])).toEqual(['times-differ']);
    const close = { ...recorded?.record, talkMs: TALK_MS + 900, endedAt: 0 };
    expect(
      await faultsOf([...whole.slice(0, 5), { name: 'recorded', record: { ...close, endedAt: BEGAN_MS + 10_900 } }]),
    ).toEqual([]);
  });

  test('name a record that has talk in a call nobody answered, and talk beyond the end of a call', async () => {
    const failed = ['initiated', { name: 'failed', sequence: 2 }, 'recorded'];
    expect(await faultsOf(failed)).toEqual(['times-differ']);
    const [long, over] = [20_000, BEGAN_MS + 23_000];
    const record = { talkMs: long, answeredAt: BEGAN_MS + 3_000, endedAt: over };
    const steps = [...whole.slice(0, 4), { name: 'ended', durationMs: long }, { name: 'recorded', record }];
    expect(await faultsOf(steps)).toEqual(['times-differ']);
  });

  test('believe the end that a survivor told long after the call was over', async () => {
    const late = { toldAtMs: BEGAN_MS + 90_000, storedAtMs: BEGAN_MS + 90_000 };
    expect(await faultsOf([...whole.slice(0, 4), { name: 'ended', ...late }, { name: 'recorded', ...late }])).toEqual(
      [],
    );
  });

  test('name what nobody can read', async () => {
    const broken = { kind: 'broken' as const, storedAtMs: BEGAN_MS, subject: 'callweave.call.v1.default.X.ended' };
    const { findings } = await audited([{ ...broken, why: 'fact: data.cause invalid_type' }]);
    expect(findings).toMatchObject([{ fault: 'unreadable', callId: 'X' }]);
  });
});

describe('a call that is not over', () => {
  test('is in progress while its record is there, or something was told of it a moment ago', async () => {
    const facts = call(whole.slice(0, 4));
    expect(await audited(facts, { inProgress: [idOf(BEGAN_MS)] })).toMatchObject({ inProgress: 1, findings: [] });
    const young = call(whole.slice(0, 5), NOW_MS - 30_000);
    expect(await audited(young)).toMatchObject({ calls: 1, inProgress: 1, findings: [] });
    expect(await audited(young, { bounds: { graceMs: 1_000 } })).toMatchObject({ inProgress: 0, answered: 1 });
  });

  test('is named all the same for what will not come right', async () => {
    const [, ...rest] = whole.slice(0, 4);
    expect(await faultsOf(['initiated', 'initiated', ...rest], { inProgress: [idOf(BEGAN_MS)] })).toEqual([
      'told-twice',
      'number-double',
    ]);
  });
});

describe('the bounds of the period', () => {
  test('are no fault of calls that go beyond them', async () => {
    const facts = call(whole);
    const [before, after] = [facts.slice(0, 2), facts.slice(2)];
    const began = { bounds: { fromMs: BEGAN_MS + 1_500 }, elsewhere: before };
    expect(await audited(after, began)).toMatchObject({ calls: 1, answered: 1, beganBefore: 1, findings: [] });
    const ends = { bounds: { toMs: BEGAN_MS + 1_500 }, elsewhere: after };
    expect(await audited(before, ends)).toMatchObject({ calls: 1, answered: 1, endedAfter: 1, findings: [] });
  });

  test('are no excuse for calls that do not', async () => {
    const bounds = { fromMs: BEGAN_MS + 1_500 };
    expect((await audited(call(whole).slice(2), { bounds })).findings.map(({ fault }) => fault)).toContain(
      'not-initiated',
    );
  });

  test('leave out what is asked of facts that are not kept any more', async () => {
    const bounds = { keptSinceMs: BEGAN_MS + 2_500 };
    expect(await audited(call(whole).slice(3), { bounds })).toMatchObject({
      answered: 1,
      beganBefore: 1,
      findings: [],
    });
    expect(await audited(call(whole).slice(5), { bounds })).toMatchObject({
      answered: 1,
      beganBefore: 1,
      findings: [],
    });
  });
});

describe('what is told long after the record of a call', () => {
  test('is held against the call it belongs to, which is counted once', async () => {
    const late = call(['routed']).map((fact) => ({ ...fact, storedAtMs: BEGAN_MS + 600_000 }));
    const another = call(whole, BEGAN_MS + 300_000);
    const facts = call(whole.filter((name) => name !== 'routed'));
    const { calls, findings } = await audited([...facts, ...another, ...late]);
    expect(calls).toBe(2);
    expect(findings.map(({ fault }) => fault)).toEqual(['number-late']);
    const ofTheDead = facts.map((fact) => ({ ...fact, epoch: fact.name === 'ended' ? 2 : 1 }));
    const found = late.map((fact) => ({ ...fact, epoch: 1 }));
    expect(await audited([...ofTheDead, ...found])).toMatchObject({ calls: 1, findings: [{ fault: 'number-late' }] });
    const double = await audited([...call(whole), ...another, ...late]);
    expect(double).toMatchObject({ calls: 2, findings: [{ fault: 'number-late' }, { fault: 'number-double' }] });
  });
});

test('what an edge that died had left in its journal may come after the end that another edge told', async () => {
  const told = call(whole).map((fact) => ({ ...fact, epoch: fact.name === 'ended' ? 2 : 1 }));
  const journal = told.slice(0, 4).map((fact) => ({ ...fact, storedAtMs: BEGAN_MS + 600_000 }));
  const facts = [...told.slice(4), ...call(whole, BEGAN_MS + 300_000), ...journal];
  expect(await audited(facts)).toMatchObject({ calls: 2, answered: 2, inProgress: 0, findings: [] });
});

test('calls that are over and in order leave the memory', () => {
  const books = new Books();
  let most = 0;
  for (let i = 0; i < 10_000; i++) {
    for (const fact of call(whole, BEGAN_MS + i * 1_000)) books.enter(fact);
    most = Math.max(most, books.open);
  }
  expect(most).toBeLessThan(30);
  expect(books.close()).toEqual({ answered: 10_000, failed: 0, doubts: [] });
});
