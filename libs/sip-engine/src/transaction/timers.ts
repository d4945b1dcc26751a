/** Timer values, RFC 3261 table 4; the other timers follow from these. */
export interface TimerValues {
  /** Estimate of the round trip. */
  readonly t1: number;
  /** The longest wait between two copies of a non-INVITE request or an INVITE response. */
  readonly t2: number;
  /** The longest a message stays in the network. */
  readonly t4: number;
  /** How long a transaction may take; 64*T1 unless given. */
  readonly t1x64?: number | undefined;
}

export const defaultTimers: TimerValues = { t1: 500, t2: 4_000, t4: 5_000 };

/** 64*T1: timers B, F, H, J, L and M. */
export function giveUpMs({ t1, t1x64 }: TimerValues): number {
  return t1x64 ?? 64 * t1;
}

/** When timer E reaches T2: not before a request other than INVITE is answered 100. RFC 4320 §4.1. */
export function tryingMs({ t1, t2 }: TimerValues): number {
  let at = t1;
  for (let wait = 2 * t1; at + wait <= t2; wait *= 2) at += wait;
  return at;
}

/** Timer D: how long copies of a failure are absorbed over an unreliable transport; at least 32 s. */
export function timerDMs(timers: TimerValues): number {
  return Math.max(32_000, giveUpMs(timers));
}
