import { type LegId } from '@callweave/contracts';
import { type HeaderValues, type OutgoingRequest } from '@callweave/srf';
import { type DialogIdentity, type DialogState } from './dialog.ts';
import { type InDialog, type Leg, type SendRequest, silent } from './leg.ts';

/** By how much each owner's numbers are above what the one before him wrote down. */
export const CSEQ_STEP = 100;

/** A request that names its dialog, number and routes itself: no engine need know of the dialog. RFC 3261 §12.2.1.1 */
export function namedRequest(
  {
    legId,
    identity,
    dialog,
  }: { readonly legId: LegId; readonly identity: DialogIdentity; readonly dialog: DialogState },
  request: InDialog,
  cseq: number,
): OutgoingRequest {
  const { localUri, remoteUri, remoteTarget, nextHop, routeSet } = dialog;
  const headers: HeaderValues = {
    ...request.headers,
    'Call-ID': identity.callId,
    From: `${localUri};tag=${legId}`,
    To: `${remoteUri};tag=${identity.remoteTag}`,
    CSeq: `${String(cseq)} ${request.method}`,
    ...(routeSet.length === 0 ? {} : { Route: routeSet.map((uri) => `<${uri}>`) }),
  };
  return { ...request, uri: remoteTarget, nextHop, headers };
}

/** Hangs up where the engine has the dialog; if it is gone, or has lost it, without. */
export function sendBye(leg: Leg, send: SendRequest, dialogId: string, headers: HeaderValues = {}): void {
  const bye = { method: 'BYE', headers };
  const byName = (): void => void send(namedRequest(leg, bye, leg.dialog.localCseq + CSEQ_STEP), silent);
  // What the engine of another edge has had is sent without it by whoever leads there.
  const failed = leg.edge === undefined ? byName : silent.failed;
  send({ ...bye, uri: 'sip:placeholder', dialogId }, { ...silent, failed });
}
