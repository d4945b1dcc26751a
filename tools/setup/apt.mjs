import { setTimeout as sleep } from 'node:timers/promises';
import { withoutStartingDaemons } from './policy-rc.mjs';
import { failed, runProgram } from './run-program.mjs';

const WAIT_SEC = 600;
const RETRY_MS = 2_000;
/** What apt says while another one works on its lists or archives; only dpkg's own lock has a time-out. */
const LOCKED = /Could not get lock|Unable to lock|is another process using it/;
const quiet = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };

/**
 * Installs Debian packages; none of them starts its daemon. Waits for another apt to finish.
 * @param {readonly string[]} names
 */
export async function aptInstall(names) {
  await apt('update');
  await withoutStartingDaemons(() =>
    apt('install', '-y', '--no-install-recommends', '-o', `DPkg::Lock::Timeout=${WAIT_SEC}`, ...names),
  );
}

/** @param {string[]} args */
async function apt(...args) {
  const end = Date.now() + WAIT_SEC * 1000;
  for (;;) {
    const { code, output } = await runProgram('apt-get', args, quiet);
    if (code === 0) return;
    if (!LOCKED.test(output) || Date.now() > end) throw failed('apt-get', args, code, output);
    await sleep(RETRY_MS);
  }
}
