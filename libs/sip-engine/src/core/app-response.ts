import { type Head } from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { lists, RELIABLE } from './reliable-responses.ts';
import { makesDialog, type UasRequest } from './uas-request.ts';

/**
 * The request an application answers. drachtio-server shows an early UPDATE under the id of its INVITE, so the CSeq
 * decides where the id does not.
 */
export function answeredBy(open: ReadonlyMap<string, UasRequest>, txn: string, head: Head): UasRequest | undefined {
  const named = open.get(txn);
  const [, number, method] = /^(\d+)\s+(\S+)/.exec(head.headers.get('cseq') ?? '') ?? [];
  if (named?.method !== 'INVITE' || method === undefined || method === 'INVITE') return named;
  return [...open.values()].find(
    (one) => one.method === method && one.cseq === Number(number) && one.dialog === named.dialog,
  );
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

/** Whether a response fails what was to change a dialog that is there. */
export function isFailureInDialog({ method, dialog, inbound }: UasRequest, status: number): boolean {
  return status >= 300 && makesDialog(method) && dialog !== undefined && inbound?.message.toTag !== undefined;
}
