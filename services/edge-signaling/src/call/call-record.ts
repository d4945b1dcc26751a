import { type CallRecord, EpochMs, type InstanceId, type LegRecord } from '@callweave/contracts';
import { isConnected } from '../leg/dialog.ts';
import { type EstablishedParts } from './established-call.ts';
import { holders, type Side } from './session.ts';

/** An answered call as it is stored, with all that another edge needs to go on with it. */
export function recordOf(call: EstablishedParts, owner: InstanceId, sequence: number): CallRecord {
  const { tenant, callId, epoch, caller, callee, node, mediaId, transfers, session, startedAtMs, answeredAtMs } = call;
  return {
    tenant,
    callId,
    owner,
    epoch,
    state: 'answered',
    from: caller.dialog.remoteUri,
    to: caller.dialog.localUri,
    legs: [caller.legId, callee.legId],
    dialogs: dialogsOf(call, owner),
    sequence,
    startedAt: EpochMs.parse(startedAtMs),
    answeredAt: EpochMs.parse(answeredAtMs),
    ...(node === undefined ? {} : { media: node }),
    ...(mediaId === undefined ? {} : { mediaId }),
    ...(transfers === 0 ? {} : { transfers }),
    ...(transfers === 0 && holders(session).length === 0 ? {} : { heldBy: holders(session) }),
  };
}

/** Both dialogs of a call as they are now, the caller's first. */
export function dialogsOf(call: EstablishedParts, owner: InstanceId): [LegRecord, LegRecord] {
  return [legRecord(call, 'caller', owner), legRecord(call, 'callee', owner)];
}

/** Who is on either side, where one is another party than before. */
export function parties(
  { from, to }: CallRecord,
  before: EstablishedParts,
  { caller, callee }: EstablishedParts,
): Pick<CallRecord, 'from' | 'to'> {
  return before.caller === caller ? { from, to: callee.dialog.remoteUri } : { from: caller.dialog.remoteUri, to };
}

function legRecord(call: EstablishedParts, side: Side, owner: InstanceId): LegRecord {
  const { epoch } = call;
  const leg = call[side];
  const { nextHop, routeSet, ...dialog } = leg.dialog;
  const edge = leg.edge ?? (isConnected(leg.dialog) ? owner : undefined);
  const { [side]: user } = call.users;
  const { [side]: application } = call.applications;
  return {
    legId: leg.legId,
    epoch,
    role: side === 'caller' ? 'uas' : 'uac',
    ...(user === undefined ? {} : { user }),
    ...(application === undefined ? {} : { application }),
    ...(call.hidden[side] ? { hidden: true as const } : {}),
    profile: call.session[side].profile,
    sipCallId: leg.identity.callId,
    remoteTag: leg.identity.remoteTag,
    ...dialog,
    routeSet: [...routeSet],
    ...(nextHop === undefined ? {} : { nextHop }),
    ...(edge === undefined ? {} : { edge }),
    ...(leg.trace === undefined ? {} : { traceparent: leg.trace }),
  };
}
