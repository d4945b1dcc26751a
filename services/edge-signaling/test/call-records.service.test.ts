import { type Bus, BusUnavailableError } from '@callweave/bus';
import { type NatsServer, startNats } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import { CallId, callsBucket, defaultTenant, edgeProfile, InstanceId, type LegId } from '@callweave/contracts';
import { createInstanceId } from '@callweave/service';
import { recordLogs } from '@callweave/telemetry/testing';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallRecords, type FoundLeg } from '../src/call/call-records.ts';
import { type EstablishedParts } from '../src/call/established-call.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { type Leg } from '../src/leg/leg.ts';

let nats: NatsServer;

beforeAll(async () => {
  nats = await startNats();
});

afterAll(() => nats.stop());

type Leave = ConstructorParameters<typeof CallRecords>[0]['leave'];

async function anEdge(owner = anId(), leave?: Leave): Promise<CallRecords> {
  const bus = await nats.bus(edgeProfile, createInstanceId());
  return new CallRecords({ bus, owner: () => owner, leave, clock: systemClock, log: recordLogs() });
}

/** An edge whose writes at a revision are never confirmed, whether they arrive or not. */
async function deafEdge(owner: InstanceId, arrive: boolean, leave?: Leave): Promise<CallRecords> {
  const bus = await nats.bus(edgeProfile, createInstanceId());
  const bucket: Bus['bucket'] = (type, options) => {
    const real = bus.bucket(type, options);
    const replace = real.replace.bind(real);
    real.replace = async (...write) => {
      if (arrive) await replace(...write);
      throw new BusUnavailableError('no answer');
    };
    return real;
  };
  return new CallRecords({ bus: { bucket }, owner: () => owner, leave, clock: systemClock, log: recordLogs() });
}

function leg(legId = createLegId(), remoteTag = 'theirs'): Leg {
  const uris = { localUri: '<sip:us@d>', remoteUri: '<sip:them@d>', remoteTarget: 'sip:them@192.0.2.1' };
  const dialog = { ...uris, nextHop: undefined, routeSet: [], localCseq: 1, remoteCseq: 2 };
  const identity = { callId: 'sip-call', remoteTag };
  return { legId, identity, dialog, trace: undefined, edge: undefined } as unknown as Leg;
}

function answeredCall(): EstablishedParts {
  const callId = CallId.parse(ulid());
  const side = { profile: 'rtp', sdp: undefined, holds: false } as const;
  return {
    ...{ tenant: defaultTenant, callId, epoch: 1, node: undefined, mediaId: undefined, transfers: 0 },
    ...{ caller: leg(createLegId(callId)), callee: leg(createLegId(callId)) },
    ...{ users: { caller: undefined, callee: undefined }, applications: {}, hidden: { caller: false, callee: false } },
    ...{ session: { caller: side, callee: side }, startedAtMs: 1_000, answeredAtMs: 2_000 },
  };
}

const detail = { legs: [] };
const told = { sequence: 4, detail };

test('an answered call is one record, which any edge finds by the tag of either leg', async () => {
  const call = answeredCall();
  const owner = await anEdge();
  await owner.keep(call, 4, detail);
  const other = await anEdge();
  for (const { legId } of [call.caller, call.callee]) {
    const found = await other.find(legId);
    expect(found).toMatchObject({ leg: { legId, localCseq: 1 }, call: { callId: call.callId, state: 'answered' } });
  }
  const [stored] = await other.list();
  expect(stored?.call.dialogs?.map(({ legId }) => legId)).toEqual([call.caller.legId, call.callee.legId]);
});

test('nothing is found by a tag of ours that names no call, or one that has no such leg', async () => {
  const call = answeredCall();
  const edge = await anEdge();
  await edge.keep(call, 4, detail);
  expect(await edge.find(createLegId())).toBeUndefined();
  expect(await edge.find(createLegId(call.callId))).toBeUndefined();
  expect(await edge.find(createLegId(CallId.parse(ulid())))).toBeUndefined();
});

test('a leg that a transfer took into another call is found there, and no longer in the one it was made for', async () => {
  const [first, second] = [answeredCall(), answeredCall()];
  const edge = await anEdge();
  for (const call of [first, second]) await edge.keep(call, 4, detail);
  const now = { ...first, callee: second.callee };
  await edge.repair(first, now, told);
  await edge.end(second.callId, { by: 'caller', reason: 'hang-up' }, second.callee.legId);
  const other = await anEdge();
  expect((await other.find(second.callee.legId))?.call.callId).toBe(first.callId);
  expect(await other.find(first.callee.legId)).toBeUndefined();
  expect((await other.find(second.caller.legId))?.call.state).toBe('ended');
  expect(await other.hasEnded(second.callee.legId)).toBe(false);
  expect(await other.hasEnded(second.caller.legId)).toBe(true);

  await edge.end(first.callId, { by: 'caller', reason: 'hang-up' });
  const legs = [first.caller.legId, second.callee.legId];
  await edge.remove(first.callId, legs);
  expect(await other.find(second.callee.legId)).toBeUndefined();
  const bucket = (await nats.bus(edgeProfile, createInstanceId())).bucket(callsBucket);
  expect(await bucket.list({ kind: 'leg' })).toEqual([]);
});

/** A call as it is when it has begun, and is noted by an edge of `owner`. */
async function begunCall(owner: InstanceId): Promise<EstablishedParts> {
  const call = answeredCall();
  const { legId } = call.caller;
  const edge = await anEdge(owner);
  const parties = { from: '<sip:a@d>', to: '<sip:b@d>' };
  edge.begin({ tenant: defaultTenant, callId: call.callId, legId, ...parties, startedAtMs: 1_000, detail });
  await edge.settled();
  return call;
}

const anId = (): InstanceId => InstanceId.parse(createInstanceId());

test('an answered call is stored although nobody heard that its beginning was', async () => {
  const owner = anId();
  const call = await begunCall(owner);
  const edge = await anEdge(owner);
  const keeping = edge.keep(call, 4, detail);
  expect(edge.isUnstored(call.callId)).toBe(true);
  expect(await keeping).toBe(true);
  expect(edge.isUnstored(call.callId)).toBe(false);
  expect((await edge.find(call.caller.legId))?.call).toMatchObject({ state: 'answered', sequence: 4 });
});

describe('of an acknowledged call it is left to the next edge', () => {
  const nextTurn = (): Promise<void> => new Promise(setImmediate);

  test('that it goes on while its answer is not stored, and that it is stored since; not that it is over, before that is told', async () => {
    const words: unknown[] = [];
    const owner = anId();
    const call = await begunCall(owner);
    const edge = await anEdge(owner, (callId, word) => words.push([callId, word]));
    const keeping = edge.keep(call, 4, detail);
    edge.acknowledged(call.callId);
    await keeping;
    expect(await edge.end(call.callId, { by: 'caller', reason: 'hang-up' })).toBe('won');
    expect(words).toEqual([
      [call.callId, 'acknowledged'],
      [call.callId, 'stored'],
    ]);
  });

  test('that it is stored by its end, when its answer was not', async () => {
    const words: unknown[] = [];
    const owner = anId();
    const call = await begunCall(owner);
    const edge = await deafEdge(owner, false, (_callId, word) => words.push(word));
    expect(await edge.keep(call, 4, detail)).toBe(false);
    edge.acknowledged(call.callId);
    await nextTurn();
    expect(words).toEqual(['acknowledged']);
    await edge.end(call.callId, { by: 'caller', reason: 'hang-up' });
    expect(words).toEqual(['acknowledged', 'stored']);
  });

  test('nothing, when it is stored by then', async () => {
    const words: unknown[] = [];
    const owner = anId();
    const call = await begunCall(owner);
    const edge = await anEdge(owner, (_callId, word) => words.push(word));
    await edge.keep(call, 4, detail);
    edge.acknowledged(call.callId);
    await nextTurn();
    expect(words).toEqual([]);
  });
});

test('a call that is given up because its engine is lost is known to be over; one that fails is not known any more', async () => {
  const records = await anEdge();
  const callOf = (callId: CallId, legId: LegId): Parameters<typeof records.begin>[0] => {
    return { tenant: defaultTenant, callId, legId, from: '<sip:a@d>', to: '<sip:b@d>', startedAtMs: 1, detail };
  };
  const [lost, failed] = [CallId.parse(ulid()), CallId.parse(ulid())];
  const [calleeOfLost, calleeOfFailed] = [createLegId(lost), createLegId(failed)];
  records.begin(callOf(lost, createLegId(lost)));
  records.begin(callOf(failed, createLegId(failed)));
  expect(await records.hasEnded(calleeOfLost)).toBe(false);
  records.abandon(lost, { by: 'platform', reason: 'node-lost' });
  records.abandon(failed);
  await expect.poll(() => records.hasEnded(calleeOfLost)).toBe(true);
  await records.settled();
  const other = await anEdge();
  expect([await other.hasEnded(calleeOfLost), await other.hasEnded(calleeOfFailed)]).toEqual([true, false]);
  expect(await other.hasEnded(createLegId())).toBe(false);
});

test('a call that ends before its answer could be stored is stored as one that was answered', async () => {
  const owner = anId();
  const call = await begunCall(owner);
  const edge = await deafEdge(owner, false);
  expect(await edge.keep(call, 4, detail)).toBe(false);
  expect(await edge.end(call.callId, { by: 'caller', reason: 'hang-up' })).toBe('won');
  const stored = (await edge.list()).find(({ call: { callId } }) => callId === call.callId);
  expect(stored?.call).toMatchObject({ state: 'ended', answeredAt: call.answeredAtMs });
  expect(edge.isUnstored(call.callId)).toBe(false);
});

test('of two edges that take a call over one has it', async () => {
  const call = answeredCall();
  const [owner, one, two] = await Promise.all([anEdge(), anEdge(), anEdge()]);
  await owner.keep(call, 4, detail);
  const [first, second] = await Promise.all([one.find(call.caller.legId), two.find(call.callee.legId)]);
  if (first === undefined || second === undefined) throw new Error('the call is not found');
  const adopted = await Promise.all([one.adopt(first), two.adopt(second)]);
  expect(adopted.filter((record) => record !== undefined)).toHaveLength(1);
  expect((await owner.find(call.caller.legId))?.call.epoch).toBe(2);
});

describe('a call that is taken over without our hearing so', () => {
  async function foundCall(): Promise<{ readonly found: FoundLeg; readonly edge: CallRecords }> {
    const call = answeredCall();
    const edge = await anEdge();
    await edge.keep(call, 4, detail);
    const found = await edge.find(call.caller.legId);
    if (found === undefined) throw new Error('the call is not found');
    return { found, edge };
  }

  test('is ours, and no other edge gets it then', async () => {
    const { found, edge } = await foundCall();
    const me = anId();
    expect(await (await deafEdge(me, true)).adopt(found)).toMatchObject({ owner: me, epoch: 2 });
    expect((await edge.find(found.leg.legId))?.call).toMatchObject({ owner: me, epoch: 2 });
    expect(await (await deafEdge(anId(), false)).adopt(found)).toBeUndefined();
  });

  test('is ours although the first attempt was lost', async () => {
    const { found } = await foundCall();
    const me = anId();
    expect(await (await deafEdge(me, false)).adopt(found)).toMatchObject({ owner: me, epoch: 2 });
  });
});

test('without the bus nothing can be looked up', async () => {
  const server = await startNats();
  const owner = InstanceId.parse(createInstanceId());
  const bus = await server.bus(edgeProfile, owner);
  const records = new CallRecords({ bus, owner: () => owner, clock: systemClock, log: recordLogs() });
  const call = answeredCall();
  await records.keep(call, 4, detail);
  await server.stop();
  await expect(records.find(call.caller.legId)).rejects.toThrow(BusUnavailableError);
  await bus.close();
});
