import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import process from 'node:process';
import { root } from './paths.mjs';

/** The machine as far as it matters to a measurement. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
  };
}

/** Which sources ran: the commit, and whether files differed from it. */
export function describeSources() {
  return { commit: git('rev-parse', 'HEAD'), dirty: git('status', '--porcelain', '--', '.', ':!docs/measured') !== '' };
}

/** @param {string[]} args */
function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}
