/** What a name may have in it, as drachtio-server's: a date, the time of day, and the number of the file. */
const PLACEHOLDER = /%(\d*)([YmdHMSN])/g;

/** The name of a log file that is begun now. */
export function expandName(pattern: string, now: Date, count: number): string {
  const values: Readonly<Record<string, number>> = {
    Y: now.getFullYear(),
    m: now.getMonth() + 1,
    d: now.getDate(),
    H: now.getHours(),
    M: now.getMinutes(),
    S: now.getSeconds(),
    N: count,
  };
  return pattern.replace(PLACEHOLDER, (_, width: string, what: string) => {
    const usual = what === 'Y' ? 4 : what === 'N' ? 1 : 2;
    return String(values[what]).padStart(width === '' ? usual : Number(width), '0');
  });
}

/** What the names have in common that come of a pattern. */
export function nameMatcher(pattern: string): RegExp {
  const parts = pattern.split(/%\d*[YmdHMSN]/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('\\d+')}(?:\\.\\d+)?$`);
}
