import { expect, test } from 'vitest';
import { findOversized } from '../src/check-sizes.ts';
import { formatFinding } from '../src/findings.ts';

test('a source file may have 400 lines and not one more', () => {
  expect(oversized('libs/sip/src/uri.ts', 400)).toEqual([]);
  expect(oversized('libs/sip/src/uri.ts', 401)).toEqual([
    'libs/sip/src/uri.ts:401 401 lines, the limit is 400: split it',
  ]);
});

test.each(['libs/sip-engine/src/invite-client.table.ts', 'libs/sip/test/uri.test.ts', 'test/e2e/register.e2e.test.ts'])(
  '%s may have 600 lines and not one more',
  (path) => {
    expect(oversized(path, 600)).toEqual([]);
    expect(oversized(path, 601)).toHaveLength(1);
  },
);

function oversized(path: string, lines: number): string[] {
  return findOversized([{ path, text: 'x;\n'.repeat(lines) }]).map(formatFinding);
}
