import { type Reply } from '@callweave/srf';

const RETRY_AFTER_SEC = 5;

/** 503 with the time after which it is worth trying again, s. RFC 3261 §21.5.4 */
export function unavailable(retryAfterSec = RETRY_AFTER_SEC): Reply {
  return { status: 503, headers: { 'Retry-After': String(retryAfterSec) } };
}
