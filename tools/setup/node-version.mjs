import process from 'node:process';
import { EXIT_UNAVAILABLE, SetupError } from './errors.mjs';

/** Oldest Node.js that runs this. */
const OLDEST = [20, 19];

/**
 * Throws `SetupError` when Node.js is too old.
 * @param {string} [version]
 */
export function checkNodeVersion(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SetupError(`Node.js ${OLDEST.join('.')} or newer is needed; this is ${version}`, EXIT_UNAVAILABLE);
}
