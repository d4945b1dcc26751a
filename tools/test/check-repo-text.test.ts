import { expect, test } from 'vitest';
import { findStrayText } from '../src/check-repo-text.ts';
import { formatFinding } from '../src/findings.ts';

// Spelt in parts: the check reads this file too.
const workplace = ['', 'work', 'main', 'x'].join('/');
const unfinished = 'TO' + 'DO';
const singled = 'test.' + "only('x')";
const lockEntry = '"resolved": "https://' + 'mirror.example/x.tgz"';

test('a path of the workplace is found in any text file, with its line', () => {
  expect(stray('docs/architecture.md', `fine\nsee ${workplace}\n`)).toEqual([
    "docs/architecture.md:2 an absolute path of somebody's workplace",
  ]);
  expect(stray('docs/architecture.md', 'src/work/list is our own, so is https://example.com/work/x')).toEqual([]);
});

test('unfinished work and singled-out tests are found in sources, and may be spoken of in documents', () => {
  expect(stray('libs/sip/src/uri.ts', `// ${unfinished}: ports`)).toHaveLength(1);
  expect(stray('libs/sip/test/uri.test.ts', `${singled};`)).toHaveLength(1);
  expect(stray('CONTRIBUTING.md', `No ${unfinished} in sources.`)).toEqual([]);
});

test('a lock file names no registry of one site', () => {
  expect(stray('package-lock.json', lockEntry)).toHaveLength(1);
  expect(stray('package-lock.json', '"resolved": "https://registry.npmjs.org/x/-/x-1.0.0.tgz"')).toEqual([]);
  expect(stray('.npmrc', 'fund=false\nregistry=https://mirror.example/')).toHaveLength(1);
});

function stray(path: string, text: string): string[] {
  return findStrayText([{ path, text }]).map(formatFinding);
}
