import { type CallRecords } from '../call/call-records.ts';
import { type EstablishedCall } from '../call/established-call.ts';
import { type Yielded } from './peers.ts';

/**
 * Leaves a call to another edge, which finds all of it in its records; its dialogs stay with the engine here. One that is
 * changing, or that is about to be joined with another itself, is kept.
 */
export async function handOver(
  call: EstablishedCall,
  records: Pick<CallRecords, 'lend'>,
): Promise<Exclude<Yielded, { kind: 'silent' }>> {
  if (isOver(call)) return { kind: 'not-held' };
  if (call.replacing !== undefined || !call.isSteady || !(await call.occupy())) return { kind: 'busy' };
  const { parts, session, teller } = call;
  await records.lend({ ...parts, session }, teller);
  // Somebody may have hung up meanwhile.
  if (isOver(call)) return { kind: 'not-held' };
  call.supersede();
  return { kind: 'yielded', caller: session.caller.sdp, callee: session.callee.sdp };
}

function isOver({ state }: EstablishedCall): boolean {
  return state === 'ended';
}
