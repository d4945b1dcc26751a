import { FakeClock } from '@callweave/clock/testing';
import { callRecorded, CallId, defaultTenant, EpochMs, LegId, parseContract, User } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { JournalTeller, type ToldCall } from '../src/call/journal-teller.ts';
import { q850Of, readQ850, reasonOf } from '../src/call/q850.ts';
import { edge } from './fake-call.ts';

const legIds = ['a', 'b', 'c'].map((letter) => LegId.parse(letter.repeat(36)));
const [callerLeg, desk, mobile] = legIds as [LegId, LegId, LegId];
const START_MS = 1_000_000;

function begunCall(): ToldCall {
  const startedAt = EpochMs.parse(START_MS);
  return {
    ...{
      tenant: defaultTenant,
      callId: CallId.parse('01HF7YAT000000000000000000'),
      from: '<sip:a@d>',
      to: '<sip:b@d>',
    },
    ...{ startedAt, epoch: 1, sequence: 0 },
    detail: {
      source: { kind: 'user', user: User.parse('a') },
      dialled: 'b',
      legs: [{ legId: callerLeg, role: 'caller', device: 'sip:a@192.0.2.1', begunAt: startedAt }],
    },
  };
}

/** What is told of a call, and its record once it is over. */
function openCall(call = begunCall()) {
  const clock = new FakeClock(START_MS);
  const told: { type: string; data: unknown }[] = [];
  const publisher = {
    tell: ({ type, data }: { type: { type: string }; data: unknown }) => void told.push({ type: type.type, data }),
  };
  const teller = new JournalTeller(call, edge, { publisher, clock });
  return {
    clock,
    teller,
    record: () => parseContract('cdr', callRecorded.data, JSON.parse(JSON.stringify(told.at(-1)?.data))),
    told,
  };
}

describe('the record of a call', () => {
  test('names every leg with its times and what was heard of it, and how long each step took', () => {
    const { clock, teller, record } = openCall();
    for (const legId of [desk, mobile]) teller.note({ kind: 'invited', legId, device: `sip:b@${legId}` });
    clock.advance(100);
    for (const legId of [desk, mobile]) teller.note({ kind: 'rang', legId });
    clock.advance(900);
    teller.note({ kind: 'rang', legId: mobile });
    teller.note({ kind: 'over', legId: desk });
    teller.answered(mobile, 'sip:b', undefined);
    clock.advance(5_000);
    const heard = { packets: 250, bytes: 43_000, errors: 0, packetsLost: 1, jitterMs: 2, mos: 4.3 };
    const cause = { by: 'callee', reason: 'hang-up' } as const;
    teller.ended(cause, 5_000, { statistics: heard, sides: [{ legId: mobile, statistics: heard }] });
    expect(record()).toMatchObject({
      initiatedAt: START_MS,
      ringingAt: START_MS + 100,
      answeredAt: START_MS + 1_000,
      endedAt: START_MS + 6_000,
      ...{ pddMs: 100, setupMs: 1_000, talkMs: 5_000, dialled: 'b' },
      cause: { ...cause, q850: 16 },
      legs: [
        { legId: callerLeg, role: 'caller', answeredAt: START_MS + 1_000, endedAt: START_MS + 6_000 },
        { legId: desk, ringingAt: START_MS + 100, endedAt: START_MS + 1_000 },
        { legId: mobile, ringingAt: START_MS + 100, sipStatus: 200, endedAt: START_MS + 6_000, media: heard },
      ],
    });
    expect(record().legs.map(({ answeredAt }) => answeredAt !== undefined)).toEqual([true, false, true]);
  });

  test('of a call that nobody took says what each device answered', () => {
    const { clock, teller, record } = openCall();
    teller.note({ kind: 'invited', legId: desk, device: 'sip:b', user: User.parse('b') });
    clock.advance(50);
    teller.note({ kind: 'over', legId: desk, sipStatus: 486 });
    teller.failed({ by: 'callee', reason: 'busy', sipStatus: 486 });
    expect(record()).toMatchObject({
      talkMs: 0,
      cause: { by: 'callee', reason: 'busy', sipStatus: 486, q850: 17 },
      legs: [{ legId: callerLeg }, { legId: desk, user: 'b', sipStatus: 486, endedAt: START_MS + 50 }],
    });
    expect(record()).not.toHaveProperty('answeredAt');
    expect(record()).not.toHaveProperty('pddMs');
  });

  test('written by an edge that took the call over has what the one before knew, and nothing made up', () => {
    const { detail, ...bare } = begunCall();
    const answeredAt = EpochMs.parse(START_MS + 10);
    const { teller, record, told } = openCall({ ...bare, answeredAt, epoch: 2, sequence: 4 });
    expect(detail?.legs).toHaveLength(1);
    teller.ended({ by: 'caller', reason: 'hang-up' }, 90, undefined);
    expect(record()).toMatchObject({ epoch: 2, legs: [], talkMs: 90, setupMs: 10, endedAt: START_MS + 100 });
    expect(record()).not.toHaveProperty('source');
    expect(told.map(({ type }) => type)).toEqual(['callweave.call.v1.ended', 'callweave.cdr.v1.recorded']);
  });
});

describe('the cause of an end', () => {
  test.each([
    ['Q.850;cause=17;text="User busy"', 17],
    ['SIP;cause=480;text="a, Q.850;cause=3", Q.850 ;text="x;cause=9";cause = 34', 34],
    ['q.850;cause=16', 16],
    ['SIP;cause=486', undefined],
    ['Q.850;cause=0', undefined],
    ['Q.850;cause=200', undefined],
    [undefined, undefined],
  ])('is read from Reason: %s', (reason, cause) => {
    expect(readQ850(reason)).toBe(cause);
  });

  test.each([
    [{ by: 'callee', reason: 'hang-up' }, 16],
    [{ by: 'caller', reason: 'cancelled', sipStatus: 487 }, 16],
    [{ by: 'callee', reason: 'no-answer', sipStatus: 480 }, 19],
    [{ by: 'callee', reason: 'no-answer', sipStatus: 408 }, 102],
    [{ by: 'platform', reason: 'not-found', sipStatus: 404 }, 1],
    [{ by: 'platform', reason: 'node-lost' }, 41],
    [{ by: 'callee', reason: 'rejected', sipStatus: 499 }, 31],
    [{ by: 'callee', reason: 'busy', sipStatus: 486, q850: 34 }, 34],
  ] as const)('%o is %i for the telephone network, RFC 3398', (cause, q850) => {
    expect(q850Of(cause)).toBe(q850);
  });

  test('is told to the other side', () => {
    expect(reasonOf({ by: 'caller', reason: 'hang-up' })).toEqual({
      Reason: 'Q.850;cause=16;text="Normal call clearing"',
    });
  });
});
