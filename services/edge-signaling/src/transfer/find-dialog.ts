import { BusError } from '@callweave/bus';
import { LegId, type Tenant } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { type CallRecords } from '../call/call-records.ts';
import { type EstablishedCall } from '../call/established-call.ts';
import { type EstablishedCalls } from '../call/established-calls.ts';
import { type Side } from '../call/session.ts';
import { type LegTable } from '../leg/leg.ts';
import { type Adopter } from '../survive/adopter.ts';
import { type Doubts } from '../survive/doubts.ts';
import { type Peers } from '../survive/peers.ts';
import { type Replaces } from './replaces.ts';

export interface FindDialogDeps {
  readonly legs: LegTable;
  readonly calls: EstablishedCalls;
  readonly doubts: Pick<Doubts, 'settle'>;
  readonly records: Pick<CallRecords, 'find'>;
  readonly peers: Pick<Peers, 'holds'>;
  readonly adopter: Pick<Adopter, 'adopt'>;
  readonly log: Logger;
}

export type FoundDialog =
  | { readonly kind: 'found'; readonly call: EstablishedCall; readonly side: Side }
  | { readonly kind: 'refuse'; readonly status: number };

/**
 * The answered call of ours that a Replaces names, and which of its sides: in our hands, or taken over when its owner is
 * gone. A dialog that is not answered was opened by its peer, and is refused like one that is unknown. RFC 3891 §3.
 */
export async function findDialog(
  tenant: Tenant,
  { callId, toTag, fromTag, isEarlyOnly }: Replaces,
  { legs, calls, doubts, records, peers, adopter, log }: FindDialogDeps,
): Promise<FoundDialog> {
  const unknown: FoundDialog = { kind: 'refuse', status: 481 };
  const legId = LegId.safeParse(toTag);
  if (!legId.success) return unknown;
  if (legs.find(toTag, { callId, remoteTag: fromTag }) === undefined) {
    try {
      const found = await records.find(legId.data);
      const isIt =
        found?.leg.sipCallId === callId && found.leg.remoteTag === fromTag && found.call.state === 'answered';
      if (found === undefined || !isIt || found.call.tenant !== tenant) return unknown;
      // Its dialogs are another edge's, and so is whatever is sent in them.
      if (await peers.holds(found.call.owner, legId.data)) return { kind: 'refuse', status: 501 };
      await adopter.adopt(found);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      ignore(log, error, 'the transfer is refused, and the call stays');
      return { kind: 'refuse', status: 503 };
    }
  }
  const call = calls.ofLeg(legId.data);
  if (call === undefined || call.parts.tenant !== tenant || !(await doubts.settle(call))) return unknown;
  if (isEarlyOnly) return { kind: 'refuse', status: 486 };
  return { kind: 'found', call, side: call.parts.caller.legId === legId.data ? 'caller' : 'callee' };
}
