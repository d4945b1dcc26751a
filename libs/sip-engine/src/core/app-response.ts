import { type Head } from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { appLines, responseHeaders } from './app-headers.ts';
import { type Dialog } from './dialog.ts';
import { contactFor, isSdp, localHostPort, wantsSips } from './local.ts';
import { asOriginal } from './original-lines.ts';
import { type Quirks } from './quirks.ts';
import { lists, RELIABLE } from './reliable-responses.ts';
import { makesDialog, type UasRequest } from './uas-request.ts';

/**
 * The request an application answers. drachtio-server shows an early UPDATE under the id of its INVITE, so the CSeq
 * decides where the id does not.
 */
export function answeredBy(
  open: ReadonlyMap<string, UasRequest>,
  txn: string,
  head: Head,
  { showsEarlyUpdatesAsInvites }: Quirks,
): UasRequest | undefined {
  const named = open.get(txn);
  if (named?.method !== 'INVITE' && (named !== undefined || !showsEarlyUpdatesAsInvites)) return named;
  const [, number, method] = /^(\d+)\s+(\S+)/.exec(head.headers.get('cseq') ?? '') ?? [];
  if (method === undefined || method === 'INVITE') return named;
  return [...open.values()].find(
    (one) =>
      one.method === method &&
      one.cseq === Number(number) &&
      (named === undefined ? one.shownTxn === txn : one.dialog === named.dialog),
  );
}

/** The INVITE that a dialog began with, while it is not answered. */
export function inviteOf(open: ReadonlyMap<string, UasRequest>, dialog: Dialog): UasRequest | undefined {
  return [...open.values()].find((one) => one.method === 'INVITE' && one.dialog === dialog);
}

/** Whether it changes a call that is not answered yet. */
export function isEarlyUpdate({ method, dialog }: UasRequest): boolean {
  return method === 'UPDATE' && dialog?.isConfirmed === false;
}

/** The tag an application put into To, to be the dialog's local tag. */
export function tagFrom(head: Head): string | undefined {
  return /;\s*tag\s*=\s*([A-Za-z0-9\-.!%*_+`'~]+)/.exec(head.headers.get('to') ?? '')?.[1];
}

/** The RSeq of a provisional response that the application wants sent reliably. Throws when the caller cannot do so. */
export function rseqOf(request: UasRequest, head: Head): number | undefined {
  if (request.method !== 'INVITE' || !lists(head, 'require', RELIABLE)) return undefined;
  const { inbound } = request;
  const isSupported =
    inbound !== undefined && ['supported', 'require'].some((header) => lists(inbound.message, header, RELIABLE));
  if (!isSupported) throw new RefusedError('Remote endpoint does not support 100rel');
  return request.reliable.nextRseq();
}

/** What an application answers. */
export interface AppResponse {
  readonly status: number;
  readonly head: Head;
  readonly body: Buffer;
  readonly rseq: number | undefined;
}

/** The header lines of a response after those that come from its request: the application's, and what it left to us. */
export function responseLines(request: UasRequest, { status, head, body, rseq }: AppResponse, quirks: Quirks): string {
  const { flow, method, inbound, dialog } = request;
  const lines = asOriginal(appLines(head.headers, responseHeaders, localHostPort(flow), flow.protocol), quirks);
  let { text } = lines;
  const isForDialog = makesDialog(method) && (rseq !== undefined || (status >= 200 && status < 300));
  const wantsContact = isForDialog || (quirks.givesContactToFailures && isFailureInDialog(request, status));
  if (wantsContact && !lines.keys.has('contact')) {
    const isSecure = inbound !== undefined && wantsSips(inbound.message);
    text += `Contact: ${dialog?.contact ?? contactFor(flow, isSecure)}\r\n`;
  }
  const isTyped = isBare(request, quirks) || lines.keys.has('content-type');
  if (!isTyped && isSdp(body)) text += 'Content-Type: application/sdp\r\n';
  return rseq === undefined ? text : `${text}RSeq: ${rseq}\r\n`;
}

/** Whether its answer is to tell neither what its body is nor its dialog. */
export function isBare(request: UasRequest, { answersEarlyUpdatesBarely }: Quirks): boolean {
  return answersEarlyUpdatesBarely && isEarlyUpdate(request);
}

/** Whether a response fails what was to change a dialog that is there. */
function isFailureInDialog({ method, dialog, inbound }: UasRequest, status: number): boolean {
  return status >= 300 && makesDialog(method) && dialog !== undefined && inbound?.message.toTag !== undefined;
}
