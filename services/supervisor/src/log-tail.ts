import { readFileSync } from 'node:fs';

const LINES = 12;
const MAX_LINE = 400;

/** The last lines of a log file, indented, to be shown with an error. */
export function logTail(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LINES);
  return lines.map((line) => `    ${line.slice(0, MAX_LINE)}`).join('\n');
}

/** What a process that refused its configuration wrote about it, one line for each problem. */
export function configProblems(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const first = lines.findIndex((line) => line.endsWith(': wrong configuration'));
  const rest = first < 0 ? [] : lines.slice(first + 1);
  const end = rest.findIndex((line) => !line.startsWith('  '));
  return rest.slice(0, end < 0 ? undefined : end).map((line) => line.trim());
}
