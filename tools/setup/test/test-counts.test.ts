import { describe, expect, test } from 'vitest';
import { count, readCounts, showCounts } from '../test-counts.mjs';

describe('the last line of npm test', () => {
  test('counts what passed, failed and was skipped', () => {
    const statuses = ['passed', 'passed', 'failed', 'pending', 'skipped', 'todo'];
    const counts = count({
      testResults: [{ status: 'failed', assertionResults: statuses.map((status) => ({ status })) }],
    });
    expect(showCounts(counts)).toBe('2 passed, 1 failed, 3 skipped');
  });

  test('a file that could not be run is a failure', () => {
    const counts = count({
      testResults: [
        { status: 'failed', assertionResults: [] },
        { status: 'passed', assertionResults: [{ status: 'passed' }] },
      ],
    });
    expect(showCounts(counts)).toBe('1 passed, 1 failed');
  });

  test('a run that ended with an error never reads as all passed', () => {
    expect(showCounts(readCounts('/nonexistent/report.json', 1))).toBe('0 passed, 1 failed');
  });
});
