/** Exponential back-off with full jitter: between half of and the whole of `baseMs·2^attempt`, at most `maxMs`. */
export function expBackoff(attempt: number, baseMs: number, maxMs: number, random: () => number = Math.random): number {
  const whole = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 20));
  return whole / 2 + (random() * whole) / 2;
}
