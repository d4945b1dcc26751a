import { type Party } from '../src/api.ts';

/** A time span as people read it: `0:42`, `1:02:03`, `3 d 4 h`. */
export function span(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes, seconds] = [86_400, 3_600, 60, 1].map(
    (unit, i, units) => Math.floor(total / unit) % (i === 0 ? Infinity : (units[i - 1] ?? 1) / unit),
  ) as [number, number, number, number];
  if (days > 0) return `${String(days)} d ${String(hours)} h`;
  const pad = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${String(hours)}:${pad(minutes)}:${pad(seconds)}` : `${String(minutes)}:${pad(seconds)}`;
}

const clockTime = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** Time of day, to the second. */
export function timeOfDay(epochMs: number): string {
  return clockTime.format(epochMs);
}

const number = new Intl.NumberFormat(undefined);

/** A count with its thousands apart. */
export function count(value: number): string {
  return number.format(value);
}

/** The shortest name of a party. */
export function nameOf(party: Party | undefined): string {
  return party?.name ?? party?.user ?? party?.uri ?? 'unknown';
}

/** The host of a SIP URI, or nothing. */
export function hostOf(uri: string): string {
  return /^sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;?>]*)/.exec(uri)?.[1] ?? '';
}

/** The beginning of an instance id: enough to tell a handful of processes apart. */
export function shortId(instance: string): string {
  return instance.slice(0, 6);
}

/** `2 contacts`, `1 contact`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
