import { CliError } from './errors.ts';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The moment that the value of an option means at `nowMs`, epoch ms: so long ago (`90s`, `15m`, `2h`, `3d`), or a date
 * with or without time.
 */
export function parseMoment(option: string, text: string, nowMs: number): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit];
  const ms = unitMs === undefined ? Date.parse(text) : nowMs - Number(count) * unitMs;
  if (Number.isNaN(ms)) throw new CliError(`${option} takes 15m, 2h, 3d or a date, not ${text}`);
  return ms;
}
