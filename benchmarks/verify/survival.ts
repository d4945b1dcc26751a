// What survives the death of a process, in full: every test of test/survival against the whole platform. Tells each test,
// whether it passed, how long it took, when and of which commit, and which field of the matrix it is. With arguments, as
// vitest takes them (part of a file's name, `-t` and part of a title), only those are run and the others stay as they were
// recorded. `npm run generate` makes a page of it.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Who dies in which way, how, and how many calls are up. */
const Field = z.object({ who: z.string(), way: z.string(), how: z.string(), calls: z.number() });
/** How long calls were silent, in the middle and at most. */
const Silence = z.object({ calls: z.number(), median: z.number(), max: z.number() });
/** How long each process took to end that was asked to, ms. */
const Drains = z.record(z.string(), z.number());
/** What chance began with, and who died by it. */
const ByChance = z.object({ seed: z.number(), deaths: z.array(z.string()) });
const Meta = z.object({
  survival: Field.optional(),
  silentMs: Silence.optional(),
  drainsMs: Drains.optional(),
  chance: ByChance.optional(),
});
const Report = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          duration: z.number().nullish(),
          meta: Meta.optional(),
        }),
      ),
    }),
  ),
});

const Recorded = z.object({
  title: z.string(),
  passed: z.boolean(),
  seconds: z.number(),
  field: Field.optional(),
  silentMs: Silence.optional(),
  drainsMs: Drains.optional(),
  chance: ByChance.optional(),
  date: z.string(),
  commit: z.string(),
});
/** What is kept of the run before; one that says no more than when it was says it for all of its tests. */
const Before = z.object({
  date: z.string(),
  commit: z.string(),
  result: z.object({ tests: z.array(Recorded.partial({ date: true, commit: true })) }),
});

const root = fileURLToPath(new URL('../..', import.meta.url));
const config = ['--config', 'test/survival/vitest.config.ts'];
const listed = execFileSync(join(root, 'node_modules/.bin/vitest'), ['list', ...config, '--json'], { cwd: root });
/** Every test there is, by its title. */
const known = new Set(
  z
    .array(z.object({ name: z.string() }))
    .parse(JSON.parse(listed.toString()))
    .map(({ name }) => name.replaceAll(' > ', ' ')),
);
const folder = mkdtempSync(join(tmpdir(), 'callweave-survival-'));
try {
  const file = join(folder, 'report.json');
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const which = process.argv.slice(2);
  const args = ['run', ...config, ...which];
  args.push('--reporter=verbose', '--reporter=json');
  const vitest = spawn(join(root, 'node_modules/.bin/vitest'), [...args, `--outputFile.json=${file}`], {
    cwd: root,
    // Its progress belongs on stderr: stdout carries the result alone.
    stdio: ['ignore', 2, 2],
  });
  await once(vitest, 'exit');
  const { testResults } = Report.parse(JSON.parse(readFileSync(file, 'utf8')));
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const ran = results.filter(({ status }) => status === 'passed' || status === 'failed');
  const now = ran.map(({ fullName, status, duration, meta }) => ({
    title: fullName,
    passed: status === 'passed',
    seconds: Math.round((duration ?? 0) / 100) / 10,
    field: meta?.survival,
    silentMs: meta?.silentMs,
    drainsMs: meta?.drainsMs,
    chance: meta?.chance,
    date: new Date().toISOString(),
    commit,
  }));
  const kept = which.length === 0 ? [] : before().filter(({ title }) => isKept(title, now));
  const tests = [...kept, ...now];
  process.stdout.write(`${JSON.stringify({ passed: tests.filter(({ passed }) => passed).length, tests })}\n`);
  process.exitCode = vitest.exitCode ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What earlier runs have recorded. */
function before(): z.infer<typeof Recorded>[] {
  const text = readFileSync(join(root, 'docs/measured/survival.json'), 'utf8');
  const { date, commit, result } = Before.parse(JSON.parse(text));
  return result.tests.map((test) => ({ ...test, date: test.date ?? date, commit: test.commit ?? commit }));
}

/** Whether there is still such a test, and it was not run now. */
function isKept(title: string, now: readonly { readonly title: string }[]): boolean {
  return known.has(title) && now.every((test) => test.title !== title);
}
