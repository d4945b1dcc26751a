import { BusError } from '@callweave/bus';
import { LegId, type Tenant } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { type CallRecords, type FoundLeg } from '../call/call-records.ts';
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
  readonly peers: Pick<Peers, 'holds' | 'yield'>;
  readonly adopter: Pick<Adopter, 'adopt'>;
  readonly log: Logger;
}

type Refusal = FoundDialog & { readonly kind: 'refuse' };

export type FoundDialog =
  | { readonly kind: 'found'; readonly call: EstablishedCall; readonly side: Side }
  | { readonly kind: 'refuse'; readonly status: number };

/**
 * The answered call of ours that a Replaces names, and which of its sides: in our hands, or taken over from its owner,
 * who is asked for it unless he is gone. A dialog that is not answered was opened by its peer, and is refused like one
 * that is unknown. RFC 3891 §3.
 */
export async function findDialog(tenant: Tenant, replaces: Replaces, deps: FindDialogDeps): Promise<FoundDialog> {
  const { callId, toTag, fromTag, isEarlyOnly } = replaces;
  const { legs, calls, doubts, log } = deps;
  const legId = LegId.safeParse(toTag);
  if (!legId.success) return unknown;
  if (legs.find(toTag, { callId, remoteTag: fromTag }) === undefined) {
    try {
      const refusal = await takeOver(tenant, legId.data, replaces, deps);
      if (refusal !== undefined) return refusal;
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

const unknown: Refusal = { kind: 'refuse', status: 481 };

/** Why the call cannot be ours; undefined when it is, or somebody else was faster. */
async function takeOver(
  tenant: Tenant,
  legId: LegId,
  { callId, fromTag }: Replaces,
  { records, peers, adopter }: FindDialogDeps,
): Promise<Refusal | undefined> {
  const look = async (): Promise<FoundLeg | undefined> => {
    const found = await records.find(legId);
    const isIt = found?.leg.sipCallId === callId && found.leg.remoteTag === fromTag && found.call.tenant === tenant;
    return isIt && found.call.state === 'answered' ? found : undefined;
  };
  const found = await look();
  if (found === undefined) return unknown;
  const { owner } = found.call;
  if (!(await peers.holds(owner, legId))) {
    await adopter.adopt(found);
    return undefined;
  }
  const { kind, ...said } = await peers.yield(owner, legId);
  if (kind === 'busy') return { kind: 'refuse', status: 491 };
  if (kind === 'silent') return { kind: 'refuse', status: 503 };
  const left = await look();
  if (left === undefined) return unknown;
  await adopter.adopt(left, said);
  return undefined;
}
