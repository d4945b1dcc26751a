import { MIN_SESSION_SEC, type SipRequest } from '@callweave/sip';
import { mergeKey } from '../transaction/match.ts';
import { STRAY_RESPONSE } from './carried.ts';
import { type Core } from './context.ts';
import { type Dialog, isOfCall } from './dialog.ts';
import { type Quirks } from './quirks.ts';
import { type Rejection, retryLater } from './reject.ts';
import { changeBy } from './session-changes.ts';
import { isForSession, supportsTimer, termsOf } from './session-terms.ts';

/** Seconds after which a peer may try again when there was nobody to answer it. */
export const RETRY_AFTER_SEC = 5;

/** Methods that exist only within a dialog, RFC 3261 §15, RFC 3262, RFC 3311. */
const DIALOG_ONLY: ReadonlySet<string> = new Set(['BYE', 'UPDATE', 'PRACK']);

/** Methods that, with a To tag, belong to a call: RFC 3261, RFC 3311, RFC 3515. */
const OF_CALLS: ReadonlySet<string> = new Set(['INVITE', 'BYE', 'UPDATE', 'REFER']);

/** Methods we know of, so that nobody answering them is a matter of time and not of kind. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['INVITE', 'REGISTER', 'OPTIONS', 'MESSAGE', 'INFO', 'NOTIFY', 'SUBSCRIBE', 'PUBLISH'],
]);

/**
 * Why a request is refused that no application is asked about; undefined for a good one. `originals` are the requests
 * outside dialogs that have a transaction, by what their copies share. A PRACK is noted here as the one waited for.
 */
export function refusalOf(
  request: SipRequest,
  dialog: Dialog | undefined,
  { quirks, offersUnknownDialogs, isDraining, ids }: Core,
  originals: ReadonlySet<string>,
): Rejection | undefined {
  const { method, toTag, cseq } = request;
  const isNew = toTag === undefined;
  if (dialog === undefined && isNew && DIALOG_ONLY.has(method)) return { status: 481 };
  if (dialog === undefined && !isNew && !offersUnknownDialogs && OF_CALLS.has(method)) return { status: 481 };
  // RFC 3261 §12.2.2: what was overtaken by a later request is out of order.
  const isOvertaken = dialog?.remoteCseq !== undefined && cseq.number < dialog.remoteCseq;
  if (isOvertaken && !quirks.deliversOvertaken) return { status: 500 };
  // RFC 3261 §8.2.2.2: a copy that came another way.
  if (isNew && !quirks.allowsMergedRequests && originals.has(mergeKey(request))) return { status: 482 };
  if (isNew && isDraining()) return retryLater(RETRY_AFTER_SEC);
  if (dialog?.isCallOver === true && isOfCall(method)) return { status: 481 };
  if (isForSession(method) && isTooBrief(request, quirks))
    return { status: 422, headers: [['Min-SE', String(MIN_SESSION_SEC)]] };
  const change = changeBy(method, request.body);
  const meets = change === undefined ? undefined : dialog?.changes.refusalOf(change, ids.cseq() % 11);
  if (meets !== undefined && !quirks.allowsGlare) return meets;
  if (method === 'PRACK' && dialog?.reliable?.acknowledge(request) !== true) return { status: 481 };
  return undefined;
}

/** Whether a request gets no answer at all, outside a dialog of ours. */
export function isIgnored({ method }: SipRequest, { ignoresWhatIsNew }: Quirks): boolean {
  return ignoresWhatIsNew && !KNOWN.has(method) && !DIALOG_ONLY.has(method);
}

/** How a request is refused that no application takes: whether that may change depends on what it is. */
export function refusalOfUnrouted({ method, toTag }: SipRequest, { apps, quirks }: Core): Rejection {
  if (toTag !== undefined || method === 'REFER') return { status: 481 };
  if (KNOWN.has(method)) return quirks.wantsNoRetryLater ? { status: 503 } : retryLater(RETRY_AFTER_SEC);
  // RFC 3261 §21.5.2: it would not do for any user.
  const allowed = [...new Set(['ACK', 'CANCEL', ...apps.methods()])].filter((one) => one !== STRAY_RESPONSE).join(', ');
  return { status: 501, headers: [['Allow', allowed]] };
}

/** Who does not know timers cannot mend what a proxy asked for in its place. RFC 4028 §8.1. */
function isTooBrief(request: SipRequest, { timesSessionsLoosely }: Quirks): boolean {
  const asked = termsOf(request.headers);
  return asked !== undefined && asked.intervalSec < MIN_SESSION_SEC && (timesSessionsLoosely || supportsTimer(request));
}
