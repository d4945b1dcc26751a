/** Life after which a process counts as healthy again. */
export const SETTLED_MS = 30_000;
const FIRST_MS = 200;
const LONGEST_MS = 10_000;

/** How long to wait before the next start, after `deaths` in a row (from 1): 200 ms, doubling to 10 s. */
export function backOffMs(deaths: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(deaths - 1, 16));
}
