/** Warnings that a failed test repeats. */
const MAX_WARNINGS = 60;

/** The last lines of a log that say that something is not as it should be. */
export function warnings(log: string): string[] {
  const lines = log.split('\n').filter((line) => /"level":"(?:warn|error|fatal)"/.test(line));
  return lines.slice(-MAX_WARNINGS);
}
