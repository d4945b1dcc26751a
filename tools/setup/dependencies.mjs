import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { root } from './paths.mjs';
import { step } from './progress.mjs';
import { mustRun } from './run-program.mjs';
import { readStamp, writeStamp } from './stamp.mjs';

const modules = join(root, 'node_modules');
const installedLock = join(modules, '.package-lock.json');
const stampFile = join(modules, '.callweave-stamp');

/** @typedef {Record<string, { version?: string, optional?: boolean, link?: boolean }>} Packages */

/** Whether node_modules is what package-lock.json asks for. */
export function areDependenciesInstalled() {
  const wanted = lockHash();
  if (readStamp(stampFile) === wanted) return true;
  if (!matchesInstalled()) return false;
  writeStamp(stampFile, wanted);
  return true;
}

/** Installs exactly what package-lock.json asks for. */
export async function installDependencies() {
  await step('npm packages', async () => {
    await mustRun(...npm('ci', '--no-audit', '--no-fund', '--loglevel=error'));
    writeStamp(stampFile, lockHash());
  });
}

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** npm notes down what it installed; a person's own `npm install` counts as well as ours. */
function matchesInstalled() {
  if (!existsSync(installedLock)) return false;
  const installed = readPackages(installedLock);
  return Object.entries(readPackages(join(root, 'package-lock.json'))).every(([path, wanted]) => {
    if (!path.includes('node_modules/') || wanted.optional === true) return true;
    return installed[path]?.version === wanted.version && existsSync(join(root, path));
  });
}

/**
 * @param {string} file
 * @returns {Packages}
 */
function readPackages(file) {
  /** @type {unknown} */
  const content = JSON.parse(readFileSync(file, 'utf8'));
  return /** @type {{ packages: Packages }} */ (content).packages;
}

/**
 * The npm that runs us, or the one in PATH.
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
export function npm(...args) {
  const path = process.env['npm_execpath'];
  return path !== undefined && /npm-cli\.c?js$/.test(path) ? [process.execPath, [path, ...args]] : ['npm', args];
}
