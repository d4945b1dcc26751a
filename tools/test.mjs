// npm test [-- VITEST ARGUMENT...]: sets up what is missing, then runs all tests. The last line counts them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { endWithNpm } from './setup/end-with-npm.mjs';
import { setUpOrExit } from './setup/main.mjs';
import { root } from './setup/paths.mjs';
import { runInForeground } from './setup/run-in-foreground.mjs';
import { readCounts, showCounts } from './setup/test-counts.mjs';

endWithNpm();
await setUpOrExit('test');

const folder = mkdtempSync(join(tmpdir(), 'callweave-test-'));
const report = join(folder, 'report.json');
const code = await runInForeground(process.execPath, [
  join(root, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);
const counts = readCounts(report, code);
rmSync(folder, { recursive: true });
console.log(showCounts(counts));
process.exitCode = code;
