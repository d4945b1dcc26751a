import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { onExit } from './on-exit.mjs';

/** Debian asks this program whether an installed package may start its daemon; 101 is "no" (invoke-rc.d(8)). */
const FILE = '/usr/sbin/policy-rc.d';
const OURS = '#!/bin/sh\n# Made by the set-up of callweave while it installs packages.\nexit 101\n';

/**
 * Runs `work` while no package can start a daemon. Leaves a policy of somebody else's alone.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withoutStartingDaemons(work) {
  if (!makePolicy()) return work();
  const remove = () => rmSync(FILE, { force: true });
  const forget = onExit(remove);
  try {
    return await work();
  } finally {
    forget();
    remove();
  }
}

/** False when there is a policy that is not ours; one of ours was left by a set-up that was killed. */
function makePolicy() {
  try {
    writeFileSync(FILE, OURS, { mode: 0o755, flag: 'wx' });
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    return readFileSync(FILE, 'utf8') === OURS;
  }
}
