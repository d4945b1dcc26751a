import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { notes, root } from './paths.mjs';
import { step } from './progress.mjs';
import { mustRun } from './run-program.mjs';
import { readStamp, writeStamp } from './stamp.mjs';

const stampFile = join(notes, 'build-stamp');

/** Whether everything is built from the sources as they are now. */
export function isBuilt() {
  return readStamp(stampFile) === sourcesHash() && packages().every((folder) => existsSync(join(folder, 'dist')));
}

/** Builds every package that changed, and what depends on it. */
export async function build() {
  await step('build', async () => {
    const hash = sourcesHash();
    const turbo = join(root, 'node_modules/turbo/bin/turbo');
    await mustRun(process.execPath, [turbo, 'run', 'build', '--output-logs=errors-only', '--no-update-notifier'], {
      TURBO_TELEMETRY_DISABLED: '1',
    });
    writeStamp(stampFile, hash);
  });
}

/** Folders of the packages that have something to build. */
function packages() {
  return ['libs', 'services']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
    .filter((folder) => existsSync(join(folder, 'package.json')));
}

function sourcesHash() {
  const hash = createHash('sha256');
  const add = (/** @type {string} */ file) => {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  };
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.base.json', 'tsconfig.build.json', 'turbo.json']) {
    add(join(root, name));
  }
  for (const folder of packages()) {
    add(join(folder, 'package.json'));
    for (const part of ['src', 'web']) for (const file of filesBelow(join(folder, part))) add(file);
  }
  return hash.digest('hex');
}

/**
 * @param {string} folder
 * @returns {string[]} in the same order everywhere
 */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
