import { existsSync, readFileSync } from 'node:fs';

/**
 * How a run of tests went.
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * The part of vitest's JSON report that is read here.
 * @typedef {object} Report
 * @property {{ status: string, assertionResults: { status: string }[] }[]} testResults one for each file
 */

/**
 * Counts the tests in vitest's JSON report. A run that failed has at least one failure, whatever the report says.
 * @param {string} file
 * @param {number} exitCode
 * @returns {Counts}
 */
export function readCounts(file, exitCode) {
  /** @type {unknown} */
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { testResults: [] };
  const counts = count(/** @type {Report} */ (report));
  return exitCode === 0 ? counts : { ...counts, failed: Math.max(1, counts.failed) };
}

/**
 * Counts tests; a file that could not be run counts as one that failed.
 * @param {Report} report
 * @returns {Counts}
 */
export function count({ testResults }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, assertionResults } of testResults) {
    const failedBefore = counts.failed;
    for (const test of assertionResults) {
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') counts.failed += 1;
      else counts.skipped += 1;
    }
    if (status === 'failed' && counts.failed === failedBefore) counts.failed += 1;
  }
  return counts;
}

/**
 * The line that a run ends with.
 * @param {Counts} counts
 */
export function showCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
