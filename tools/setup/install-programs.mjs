import process from 'node:process';
import { aptInstall } from './apt.mjs';
import { EXIT_UNAVAILABLE, SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { note, step } from './progress.mjs';
import { findProgram, missingPrograms } from './programs.mjs';

/** One set-up at a time installs on a machine, whichever clone it belongs to. */
const machineLock = '/run/callweave-apt.lock';

/**
 * Installs what `level` needs. Throws `SetupError` (exit code 69) when it may not.
 * @param {import('./levels.mjs').Level} level
 */
export async function installPrograms(level) {
  const refusal = whyNot();
  if (refusal !== undefined) throw new SetupError(explainMissing(missingPrograms(level), refusal), EXIT_UNAVAILABLE);
  const waiting = (/** @type {string} */ pid) => note(`waiting for another installation (process ${pid})`);
  await withLock(
    machineLock,
    async () => {
      const names = missingPrograms(level).map(({ debianPackage }) => debianPackage);
      if (names.length === 0) return;
      await step(`Debian packages ${names.join(', ')}`, () => aptInstall(names));
    },
    waiting,
  );
  const still = missingPrograms(level);
  if (still.length > 0) throw new SetupError(explainMissing(still, 'the packages do not hold them'), EXIT_UNAVAILABLE);
}

/** Why nothing may be installed here; undefined when it may. */
function whyNot() {
  if ((process.env['CALLWEAVE_NO_INSTALL'] ?? '') !== '') return 'CALLWEAVE_NO_INSTALL is set';
  if (findProgram('apt-get') === undefined) return 'there is no apt-get';
  if (process.getuid?.() !== 0) return 'only root may install packages';
  return undefined;
}

/**
 * What is missing and the ways out of it, for a person.
 * @param {readonly import('./programs.mjs').Program[]} missing
 * @param {string} reason why set-up does not install it
 * @returns {string}
 */
export function explainMissing(missing, reason) {
  const binaries = missing.map(({ binary }) => binary).join(', ');
  const packages = missing.map(({ debianPackage }) => debianPackage).join(' ');
  const lines = [
    `missing: ${binaries} (not installed by set-up: ${reason})`,
    `  install:  apt-get install ${packages}`,
  ];
  for (const { binary, instead, example } of missing) {
    if (instead !== undefined) lines.push(`  or, for ${binary} on another machine, set:  ${instead}=${example}`);
  }
  return lines.join('\n');
}
