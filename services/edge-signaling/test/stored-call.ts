import {
  CallId,
  type CallRecord,
  defaultTenant,
  EpochMs,
  type LegRecord,
  MediaNodeId,
  User,
} from '@callweave/contracts';
import { type FoundLeg } from '../src/call/call-records.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { edge } from './fake-call.ts';

export const node = MediaNodeId.parse('127.0.0.1:2223@1');

/** The record of an answered call of two, one of several. */
export function storedCall(index: number): FoundLeg {
  const callId = CallId.parse(`01HF7YAT00000000000000000${String(index)}`);
  const leg = (role: LegRecord['role']): LegRecord => {
    const name = `${role}${String(index)}`;
    return {
      ...{ legId: createLegId(callId), epoch: 1, role, sipCallId: `of ${name}`, remoteTag: name },
      ...{ localUri: '<sip:us@d>', remoteUri: `<sip:${name}@d>`, remoteTarget: `sip:${name}@192.0.2.1` },
      ...{ routeSet: [], localCseq: 1, remoteCseq: 0, user: User.parse(name) },
    };
  };
  const [caller, callee] = [leg('uas'), leg('uac')];
  const now = EpochMs.parse(0);
  const call: CallRecord = {
    ...{ tenant: defaultTenant, callId, owner: edge, epoch: 1, state: 'answered', sequence: 4, media: node },
    ...{ legs: [caller.legId, callee.legId], dialogs: [caller, callee], startedAt: now, answeredAt: now },
  };
  return { leg: caller, call, revision: 1 };
}
