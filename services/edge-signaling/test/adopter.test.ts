import { FakeClock } from '@callweave/clock/testing';
import { type CallCause, type CallRecord, InstanceId } from '@callweave/contracts';
import { type LeftInvite } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { type CallTeller } from '../src/call/call-ports.ts';
import { type EstablishedCall } from '../src/call/established-call.ts';
import { EstablishedCalls } from '../src/call/established-calls.ts';
import { type Departure } from '../src/call/left-calls.ts';
import { LegTable } from '../src/leg/leg.ts';
import { Adopter } from '../src/survive/adopter.ts';
import { type Way } from '../src/survive/whereabouts.ts';
import { edge } from './fake-call.ts';
import { storedCall } from './stored-call.ts';

const there = InstanceId.parse('tttttttttttttttt');
const later = InstanceId.parse('llllllllllllllll');
const before = 'sip:192.0.2.1:4000;transport=ws';
const since = 'sip:192.0.2.1:5000;transport=ws';

let adopter: Adopter;
let calls: EstablishedCalls;
/** Where the device of the callee is registered, when it is. */
let way: Way | undefined;
let alive: InstanceId[];
/** By which edge what was sent to where. */
let sent: string[];
let stored: number;
/** Whether the engine finds dialogs by both tags. */
let knowsOurTags: boolean;
/** The call whose answer the edge before us left in its journal, and what it left of it besides. */
let left: CallRecord | undefined;
let word: { readonly departure?: Departure; readonly isUnheard?: boolean };

/** A call of ours whose callee is connected to another edge, or to this one. */
async function call(at: InstanceId | undefined): Promise<EstablishedCall> {
  const found = storedCall(1);
  const [caller, callee] = found.call.dialogs ?? [];
  if (caller === undefined || callee === undefined) throw new Error('no dialogs');
  const dialogs = [caller, { ...callee, nextHop: before, ...(at === undefined ? {} : { edge: at }) }];
  const adopted = await adopter.adopt({ ...found, call: { ...found.call, dialogs } });
  if (adopted === undefined) throw new Error('not adopted');
  return adopted;
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

/** What is sent to the callee now. */
async function info(known: EstablishedCall): Promise<string[]> {
  const silent = { responded: () => undefined, failed: () => undefined };
  calls.byId(known.parts.callId)?.parts.callee.request({ method: 'INFO' }, silent);
  await settle();
  return sent.splice(0);
}

beforeEach(() => {
  way = undefined;
  alive = [edge, there];
  sent = [];
  stored = 0;
  knowsOurTags = true;
  left = undefined;
  word = {};
  const clock = new FakeClock();
  const log = recordLogs();
  const media = { offer: undefined, answer: undefined, release: () => Promise.resolve(undefined) } as never;
  const repair = (): Promise<void> => {
    stored += 1;
    return Promise.resolve();
  };
  const written = {
    keep: () => Promise.resolve(true),
    change: () => undefined,
    end: () => Promise.resolve('won'),
    repair,
  } as never;
  const legs = new LegTable();
  calls = new EstablishedCalls({
    media,
    records: written,
    refer: () => Promise.resolve(),
    follow: (one, side) => adopter.follow(one, side),
    clock,
    log,
  });
  adopter = new Adopter({
    knowsOurTags: () => knowsOurTags,
    left: {
      answered: () => (left === undefined ? undefined : { call: left, isAcknowledged: false }),
      invites: () => ({ asked: invite('alice'), called: [invite('bob')] }),
      departure: () => word.departure,
      isUnheard: () => word.isUnheard === true,
    },
    outliving: {
      refuse: ({ peer }) => sent.push(`refused ${peer}`),
      cancel: ({ peer }) => sent.push(`cancelled ${peer}`),
    },
    ...{ calls, legs, media, clock, log, owner: () => edge, isAlive: (engine) => alive.includes(engine) },
    records: {
      adopt: ({ call: record }: { call: CallRecord }) => Promise.resolve({ ...record, owner: edge, epoch: 2 }),
      end: () => {
        sent.push('marked');
        return Promise.resolve('won');
      },
    },
    sendThrough: (by) => (request) => {
      const target = request.nextHop ?? request.dialogId ?? request.uri;
      sent.push(`${request.method} by ${by ?? 'us'} to ${target}`);
      return { cancel: () => undefined };
    },
    whereabouts: { find: () => Promise.resolve(way) },
    openTeller: () =>
      ({
        sequence: 4,
        ended: ({ by }: CallCause) => sent.push(`told ended by ${by}`),
        failed: () => sent.push('told failed'),
      }) as unknown as CallTeller,
  });
});

describe('when the edge is gone to which a callee was connected', () => {
  test('he is reached where he is registered since', async () => {
    const known = await call(there);
    expect(known.parts.callee.edge).toBe(there);
    alive = [edge, later];
    way = { edge: later, nextHop: since };
    expect(adopter.outlive(known, there)).toBe(true);
    expect([calls.byId(known.parts.callId)?.parts.callee.edge, stored]).toEqual([undefined, 1]);
    expect(await info(known)).toEqual([`INFO by ${later} to ${since}`]);
  });

  test('nothing changes for calls that did not go by it, nor for one that has ended', async () => {
    const known = await call(there);
    expect(adopter.outlive(known, later)).toBe(false);
    known.hangUp({ by: 'platform', reason: 'unreachable' });
    expect([adopter.outlive(known, there), stored]).toEqual([false, 0]);
  });
});

describe('whether a caller has heard the answer that an edge died of', () => {
  test.each([
    ['is asked by the tags of both: the next edge may have been given his INVITE', true],
    ['is asked of a drachtio-server by the name that it knows', false],
  ])('%s', async (_how, knows) => {
    knowsOurTags = knows;
    const found = storedCall(1);
    left = found.call;
    const [{ sipCallId, remoteTag, legId } = fail()] = found.call.dialogs ?? [];
    await adopter.close(found);
    const ours = knows ? `;to-tag=${legId}` : '';
    expect(sent).toEqual([`OPTIONS by us to ${sipCallId};from-tag=${remoteTag}${ours}`]);
  });
});

describe('a call of which nothing is stored, that both sides were in', () => {
  test.each<[string, typeof word, string[]]>([
    ['goes on, if both sides still know it', {}, ['OPTIONS', 'OPTIONS']],
    [
      'ends as a side ended it before',
      { departure: { left: 'caller', atMs: 5 } },
      ['BYE', 'BYE', 'told ended by caller'],
    ],
    ['ends when its caller may not have heard', { isUnheard: true }, ['BYE', 'BYE', 'told ended by platform']],
  ])('%s', async (_how, left, expected) => {
    word = left;
    await adopter.resume(storedCall(1).call);
    await settle();
    expect(sent.map((line) => line.replace(/ by us .*/, ''))).toEqual(expected);
  });
});

describe('a call that rings while its edge dies', () => {
  const close = (owner: InstanceId): Promise<void> => {
    const { call, revision } = storedCall(1);
    return adopter.close({ call: { ...call, owner, state: 'ringing' }, revision });
  };

  test('is given up where it rings, and towards who waits, when its engine has died too', async () => {
    await close(there);
    expect(sent).toEqual(['told failed', 'cancelled bob', 'refused alice', 'marked']);
  });

  test('has been by its engine, if that is the same still', async () => {
    await close(edge);
    expect(sent).toEqual(['told failed', 'marked']);
  });
});

function invite(peer: string): LeftInvite {
  return { uri: 'sip:bob@d', peer, headers: {} };
}

function fail(): never {
  throw new Error('no dialogs');
}

describe('when a live engine has given the connection of a callee up', () => {
  test('the call goes on if he is registered by another one', async () => {
    const known = await call(undefined);
    way = { edge: there, nextHop: since };
    calls.lost(known.parts.callee.legId);
    await settle();
    expect([calls.byId(known.parts.callId)?.state, stored]).toEqual(['talking', 1]);
    expect(await info(known)).toEqual([`INFO by ${there} to ${since}`]);
  });

  test.each([
    ['is not registered', undefined],
    ['is registered by it still', { edge: there, nextHop: before }],
  ])('it ends if he %s', async (_what, now) => {
    const known = await call(undefined);
    way = now;
    calls.lost(known.parts.callee.legId);
    await settle();
    expect(known.state).toBe('ended');
  });
});
