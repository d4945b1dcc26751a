import { readFileSync } from 'node:fs';

const LINES = 12;
const MAX_LINE = 400;

/** The last lines of a log file, indented, to be shown with an error. */
export function logTail(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LINES);
  return lines.map((line) => `    ${line.slice(0, MAX_LINE)}`).join('\n');
}
