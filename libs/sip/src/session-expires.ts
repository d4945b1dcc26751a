/** The shortest session anybody may ask for, s. RFC 4028 §5. */
export const MIN_SESSION_SEC = 90;

/** A refresher as a message names it: by its part in the transaction. */
export type Refresher = 'uac' | 'uas';

/** What a Session-Expires says, RFC 4028 §4. */
export interface SessionExpires {
  readonly intervalSec: number;
  /** Undefined leaves it to who answers. */
  readonly refresher: Refresher | undefined;
}

/** Reads the value of a Session-Expires; undefined when it says no interval. RFC 4028 §4. */
export function parseSessionExpires(text: string): SessionExpires | undefined {
  const [, seconds, params = ''] = /^\s*(\d{1,9})\s*(;.*)?$/.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  const refresher = /;\s*refresher\s*=\s*(uac|uas)\b/i.exec(params)?.[1]?.toLowerCase();
  return {
    intervalSec: Number(seconds),
    refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined,
  };
}

/** When a session ends that nobody has refreshed, s: while the peer still counts it as alive. RFC 4028 §10. */
export function patienceSec(intervalSec: number): number {
  return intervalSec - Math.min(32, intervalSec / 3);
}
