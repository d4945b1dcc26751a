import { type Bucket, type Bus } from '@callweave/bus';
import { type CallRecord, callsBucket, EpochMs, type InstanceId, type LegRecord } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { type Leg } from '../leg/leg.ts';
import { type CallSnapshot } from './call.ts';

type CallsBucket = Bucket<typeof callsBucket.pattern, typeof callsBucket.value>;

export interface CallRecords {
  keep(call: CallSnapshot): void;
  forget(call: CallSnapshot): void;
}

/** Records of answered calls in KV; written after the 200 and removed at the end, each in order per call. */
export function openCallRecords(bus: Bus, owner: () => InstanceId, log: Logger): CallRecords {
  const bucket: CallsBucket = bus.bucket(callsBucket);
  const writing = new Map<string, Promise<void>>();
  const inOrder = (callId: string, write: () => Promise<void>): void => {
    const before = writing.get(callId) ?? Promise.resolve();
    const now = before.then(write).catch((error: unknown) => ignore(log, error, 'the call goes on without its record'));
    writing.set(callId, now);
    void now.then(() => {
      if (writing.get(callId) === now) writing.delete(callId);
    });
  };
  return {
    keep: (call) => inOrder(call.facts.callId, () => write(bucket, call, owner())),
    forget: (call) => inOrder(call.facts.callId, () => remove(bucket, call)),
  };
}

async function write(bucket: CallsBucket, call: CallSnapshot, owner: InstanceId): Promise<void> {
  const { facts, caller, callee } = call;
  await bucket.create({ kind: 'call', id: facts.callId }, { kind: 'call', call: callRecord(call, owner) });
  if (callee === undefined) return;
  const legs = [legRecord(call, caller, callee, 'uas', owner), legRecord(call, callee, caller, 'uac', owner)];
  for (const leg of legs) await bucket.create({ kind: 'leg', id: leg.legId }, { kind: 'leg', leg });
}

async function remove(bucket: CallsBucket, { facts, caller, callee }: CallSnapshot): Promise<void> {
  await bucket.modify({ kind: 'call', id: facts.callId }, () => 'remove');
  for (const leg of [caller, callee]) {
    if (leg !== undefined) await bucket.modify({ kind: 'leg', id: leg.legId }, () => 'remove');
  }
}

function callRecord(
  { facts, caller, callee, node, startedAtMs, answeredAtMs }: CallSnapshot,
  owner: InstanceId,
): CallRecord {
  return {
    tenant: facts.tenant,
    callId: facts.callId,
    owner,
    epoch: 1,
    state: 'answered',
    from: facts.from,
    to: facts.to,
    legs: [caller.legId, ...(callee === undefined ? [] : [callee.legId])],
    sequence: 0,
    startedAt: EpochMs.parse(startedAtMs),
    ...(node === undefined ? {} : { media: node }),
    ...(answeredAtMs === undefined ? {} : { answeredAt: EpochMs.parse(answeredAtMs) }),
  };
}

function legRecord({ facts }: CallSnapshot, leg: Leg, peer: Leg, role: 'uas' | 'uac', owner: InstanceId): LegRecord {
  const { tenant, callId, from, to } = facts;
  return {
    tenant,
    callId,
    legId: leg.legId,
    peerLegId: peer.legId,
    owner,
    epoch: 1,
    role,
    sipCallId: leg.identity.callId,
    localTag: leg.legId,
    remoteTag: leg.identity.remoteTag,
    localUri: role === 'uas' ? to : from,
    remoteUri: role === 'uas' ? from : to,
    ...leg.dialog,
    routeSet: [...leg.dialog.routeSet],
    ...(leg.trace === undefined ? {} : { traceparent: leg.trace }),
  };
}
