/**
 * The final status of one peer as the other may see it. Its 503 is not ours (RFC 3261 §16.7 step 6), and where it sends
 * a request is not for others to follow. One that wants credentials gets none: ours are not for it, and whoever asked
 * would answer to the platform, whose challenge it is not. He may as well not ask again.
 */
export function passedStatus(status: number): number {
  if (status === 503) return 500;
  if (status === 401 || status === 407) return 403;
  return status >= 300 && status < 400 ? 480 : status;
}
