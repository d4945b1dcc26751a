import { describe, expect, test } from 'vitest';
import { type Evidence, findFeatureLies, requirementIds } from '../src/check-features.ts';
import { testTitles } from '../src/test-titles.ts';

const evidence: Evidence = {
  paths: new Set(['services/registrar/src/bindings.ts', 'libs/bus/test/lease.test.ts', 'libs/sip/test/uri.test.ts']),
  titles: testTitles([
    { path: 'libs/bus/test/lease.test.ts', text: "test('a lease ends', () => {});" },
    {
      path: 'libs/sip/test/uri.test.ts',
      text: "describe('uri', () => { it.each([1])('port %d | host', () => {}); });",
    },
  ]),
};

describe('check-features', () => {
  test('a table in which everything is missing is honest', () => {
    expect(lies({})).toEqual([]);
  });

  test('a requirement has exactly one row, and there is no row without a requirement', () => {
    const table = [...requirementIds.slice(1), 'S2', 'U26'].map((id) => `| ${id} | r | missing | – | – |`).join('\n');
    expect(findFeatureLies({ path: 'docs/features.md', text: table }, evidence).map(({ message }) => message)).toEqual([
      'S2: has a row already',
      'U26: no such requirement',
      'S1: has no row',
    ]);
  });

  test('a shown row names a test that exists, in a file that exists', () => {
    expect(lies({ S1: 'shown | `libs/bus` | `libs/bus/test/lease.test.ts`: `a lease ends`' })).toEqual([]);
    expect(lies({ S1: 'shown | `libs/bus` | `libs/bus/test/lease.test.ts`: `a lease never ends`' })).toEqual([
      "S1: no test is called 'a lease never ends' there",
    ]);
    expect(lies({ S1: 'shown | `libs/bus` | `libs/sip/test/uri.test.ts`: `a lease ends`' })).toHaveLength(1);
    expect(lies({ S1: 'shown | `libs/bus` | `libs/bus/test/gone.test.ts`: `a lease ends`' })).toHaveLength(2);
    expect(lies({ S1: 'shown | `libs/bus` | by eye' })).toHaveLength(2);
  });

  test('titles of parametrised tests count, and a bar inside a title is escaped', () => {
    expect(lies({ U3: 'shown | – | `libs/sip/test/uri.test.ts`: `port %d \\| host`' })).toEqual([]);
  });

  test('a thin row says what is there, a missing one claims no test, and other states do not exist', () => {
    expect(lies({ S5: 'thin | `services/registrar/src/bindings.ts`, no chart yet | –' })).toEqual([]);
    expect(lies({ S5: 'thin | – | –' })).toEqual(['S5: thin, but does not say what is there']);
    expect(lies({ S5: 'thin | `services/registrar/src/gone.ts` | –' })).toEqual([
      'S5: there is no services/registrar/src/gone.ts',
    ]);
    expect(lies({ S5: 'missing | – | `a lease ends`' })).toEqual(['S5: missing, yet shown by something']);
    expect(lies({ S5: 'done | – | –' })).toEqual(["S5: the state is shown, thin or missing, not 'done'"]);
  });
});

/** The findings for a table whose other rows are all missing. */
function lies(cells: Record<string, string>): string[] {
  const rows = requirementIds.map((id) => `| ${id} | what it asks | ${cells[id] ?? 'missing | – | –'} |`);
  const text = ['# Features', '', '| # | Requirement | State | Where | Shown by |', '|---|---|---|---|---|', ...rows];
  return findFeatureLies({ path: 'docs/features.md', text: text.join('\n') }, evidence).map(({ message }) => message);
}
