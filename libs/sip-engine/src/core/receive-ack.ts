import { type SipRequest } from '@callweave/sip';
import { InviteServer } from '../transaction/invite-server.ts';
import { type ServerTransaction } from '../transaction/server.ts';
import { type Inbound } from '../transport/transport.ts';
import { type Core } from './context.ts';
import { dialogIdOf } from './dialog.ts';
import { metaOf } from './local.ts';
import { noteSource } from './received-via.ts';
import { textForApp } from './uas-request.ts';

/**
 * Takes an ACK to who waits for it: that of a failure to its transaction, RFC 3261 §17.2.1, and that of a 2xx to the
 * application of its dialog, §13.3.1.4. One that nobody waits for is dropped.
 */
export function receiveAck(core: Core, inbound: Inbound<SipRequest>, transaction?: ServerTransaction): void {
  const { message: request } = inbound;
  if (transaction instanceof InviteServer && transaction.acknowledged()) {
    if (core.quirks.allowsMergedRequests) tellCopyEnded(core, inbound);
    return;
  }
  const dialog = core.dialogs.ofRequest(request);
  if (dialog === undefined) return;
  const waiter = dialog.awaitingAck;
  if (waiter === undefined || waiter.cseq !== request.cseq.number) return;
  const isFirst = waiter.acknowledged();
  const isAnew = dialog.isConfirmed && core.quirks.namesReinviteAcksAnew;
  const txn = isFirst && !isAnew ? waiter.txn : core.ids.uuid();
  // Of the INVITE only its number is needed from now on.
  if (isFirst) dialog.awaitingAck = { txn, cseq: waiter.cseq, acknowledged: never };
  dialog.reliable = undefined;
  dialog.isConfirmed = true;
  noteSource(request, inbound.flow, core.quirks);
  dialog.app.deliver({ ...metaOf(inbound, txn, dialog.id), protocol: '' }, textForApp(request));
}

/** The ACK of a copy that was refused, as that of the one accepted. */
function tellCopyEnded(core: Core, inbound: Inbound<SipRequest>): void {
  const { callId, fromTag = '' } = inbound.message;
  const dialog = core.dialogs.byId(dialogIdOf(callId, fromTag));
  if (dialog === undefined || dialog === core.dialogs.ofRequest(inbound.message)) return;
  noteSource(inbound.message, inbound.flow, core.quirks);
  dialog.app.deliver(metaOf(inbound, core.ids.uuid(), dialog.id), textForApp(inbound.message));
}

/** A repeated ACK ends no wait. */
function never(): boolean {
  return false;
}
