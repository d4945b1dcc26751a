// What survives the death of a process, in full: every test of test/survival against the whole platform. Tells each test,
// whether it passed, how long it took, and which field of the matrix it is. `npm run generate` makes a page of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Who dies in which way, how, and how many calls are up. */
const Field = z.object({ who: z.string(), way: z.string(), how: z.string(), calls: z.number() });
const Report = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          duration: z.number().nullish(),
          meta: z.object({ survival: Field.optional() }).optional(),
        }),
      ),
    }),
  ),
});

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'callweave-survival-'));
try {
  const file = join(folder, 'report.json');
  // With arguments, only the files whose names contain one of them.
  const which = process.argv.slice(2);
  const args = ['run', '--config', 'test/survival/vitest.config.ts', ...which];
  args.push('--reporter=verbose', '--reporter=json');
  const vitest = spawn(join(root, 'node_modules/.bin/vitest'), [...args, `--outputFile.json=${file}`], {
    cwd: root,
    // Its progress belongs on stderr: stdout carries the result alone.
    stdio: ['ignore', 2, 2],
  });
  await once(vitest, 'exit');
  const { testResults } = Report.parse(JSON.parse(readFileSync(file, 'utf8')));
  const tests = testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ fullName, status, duration, meta }) => ({
      title: fullName,
      passed: status === 'passed',
      seconds: Math.round((duration ?? 0) / 100) / 10,
      field: meta?.survival,
    })),
  );
  process.stdout.write(`${JSON.stringify({ passed: tests.filter(({ passed }) => passed).length, tests })}\n`);
  process.exitCode = vitest.exitCode ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
