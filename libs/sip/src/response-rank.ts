/** Failures of the 4xx class that tell the caller how to do better, RFC 3261 §16.7 step 6. */
const INSTRUCTIVE: ReadonlySet<number> = new Set([401, 407, 415, 420, 484]);

/**
 * How good a final response is for the caller when every target has failed; the lowest is forwarded. RFC 3261 §16.7
 * step 6: a 6xx first, then the lowest class, and in the 4xx class what tells the caller how to do better. A 503 is
 * about one target and a 487 about our own CANCEL: they come last.
 */
export function rankOf(status: number): number {
  if (status >= 600) return 0;
  if (status < 400) return 1;
  if (INSTRUCTIVE.has(status)) return 2;
  if (status === 408) return 4;
  if (status === 487) return 6;
  return status < 500 ? 3 : 5;
}
