import { type LegId } from '@callweave/contracts';
import { EngineGoneError, type HeaderValues, type OutgoingRequest } from '@callweave/srf';
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

/** Hangs up where the engine has the dialog; if that engine is gone, without it. */
export function sendBye(leg: Leg, send: SendRequest, dialogId: string, headers: HeaderValues = {}): void {
  const bye = { method: 'BYE', headers };
  const byName = (): void => void send(namedRequest(leg, bye, leg.dialog.localCseq + CSEQ_STEP), silent);
  // An engine that is there has ended what it does not know any more; that of another edge is stood in for by whoever leads there.
  const failed = (error: unknown): void => {
    if (error instanceof EngineGoneError && leg.edge === undefined) byName();
  };
  send({ ...bye, uri: 'sip:placeholder', dialogId }, { ...silent, failed });
}
