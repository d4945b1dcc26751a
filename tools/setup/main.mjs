import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { build, isBuilt } from './build.mjs';
import { areDependenciesInstalled, installDependencies } from './dependencies.mjs';
import { SetupError } from './errors.mjs';
import { installHelm, isHelmInstalled } from './helm.mjs';
import { installPrograms } from './install-programs.mjs';
import { includes } from './levels.mjs';
import { withLock } from './lock.mjs';
import { checkNodeVersion } from './node-version.mjs';
import { releaseSignals } from './on-exit.mjs';
import { logFile, notes } from './paths.mjs';
import { missingPrograms } from './programs.mjs';
import { note } from './progress.mjs';

/**
 * One thing to make ready.
 * @typedef {object} Task
 * @property {import('./levels.mjs').Level} level from which it is wanted
 * @property {() => boolean} isDone
 * @property {() => Promise<void>} work
 */

/**
 * Makes this clone ready for `level`; at once when it is. Safe to run twice at the same time.
 * @param {import('./levels.mjs').Level} level
 */
export async function setUp(level) {
  checkNodeVersion();
  const wanted = tasks(level).filter((task) => includes(level, task.level));
  if (wanted.every(({ isDone }) => isDone())) return;
  await withLock(
    join(notes, 'setup.lock'),
    async () => {
      rmSync(logFile, { force: true });
      for (const { isDone, work } of wanted) if (!isDone()) await work();
    },
    (pid) => note(`waiting for another set-up of this clone (process ${pid})`),
  );
}

/**
 * The same for a command: a failure is shown and ends the process.
 * @param {import('./levels.mjs').Level} level
 */
export async function setUpOrExit(level) {
  try {
    await setUp(level);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`set-up: ${error.message}`);
    process.exit(error.exitCode);
  }
  releaseSignals();
}

/**
 * In order; programs come first among what costs time, so that a machine that lacks them says so at once.
 * @param {import('./levels.mjs').Level} level
 * @returns {Task[]}
 */
function tasks(level) {
  return [
    {
      level: 'run',
      isDone: () => missingPrograms(level).length === 0,
      work: () => installPrograms(level),
    },
    { level: 'deps', isDone: areDependenciesInstalled, work: installDependencies },
    { level: 'build', isDone: isBuilt, work: build },
    { level: 'test', isDone: isHelmInstalled, work: installHelm },
  ];
}
