import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { includes } from './levels.mjs';

/**
 * A program the platform or its tests run, and where Debian has it.
 * @typedef {object} Program
 * @property {string} binary or a file below the folder of libraries, `/` in its name
 * @property {string} debianPackage
 * @property {import('./levels.mjs').Level} level from which it is needed
 * @property {string} [instead] variable with the address of one that runs elsewhere
 * @property {string} [example] a value of it
 */

/** Every program that does not come with npm. @type {readonly Program[]} */
export const programs = [
  {
    binary: 'nats-server',
    debianPackage: 'nats-server',
    level: 'run',
    instead: 'CALLWEAVE_NATS_URL',
    example: 'nats://USER:PASSWORD@HOST:4222',
  },
  {
    binary: 'rtpengine',
    debianPackage: 'rtpengine-daemon',
    level: 'run',
    instead: 'CALLWEAVE_RTPENGINE',
    example: 'HOST:2223',
  },
  { binary: 'sipp', debianPackage: 'sip-tester', level: 'test' },
  { binary: 'baresip', debianPackage: 'baresip-core', level: 'test' },
  { binary: 'sipsak', debianPackage: 'sipsak', level: 'test' },
  { binary: 'chromium', debianPackage: 'chromium', level: 'test' },
  { binary: 'openssl', debianPackage: 'openssl', level: 'test' },
  { binary: 'ip', debianPackage: 'iproute2', level: 'test' },
  { binary: 'unzip', debianPackage: 'unzip', level: 'test' },
  { binary: 'setpriv', debianPackage: 'util-linux', level: 'test' },
  { binary: 'flock', debianPackage: 'util-linux', level: 'test' },
  { binary: 'shellcheck', debianPackage: 'shellcheck', level: 'test' },
  { binary: 'buildah', debianPackage: 'buildah', level: 'verify' },
  { binary: 'certbot', debianPackage: 'certbot', level: 'verify' },
  { binary: 'pebble', debianPackage: 'pebble', level: 'verify' },
  { binary: 'mmdebstrap', debianPackage: 'mmdebstrap', level: 'verify' },
  { binary: 'kamailio', debianPackage: 'kamailio', level: 'test' },
  { binary: 'kamailio/modules/tls.so', debianPackage: 'kamailio-tls-modules', level: 'test' },
  { binary: 'nsd', debianPackage: 'nsd', level: 'test' },
];

/** Folders that hold servers but are not in everybody's PATH. */
const serverFolders = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/**
 * The programs that `level` needs and that are not here. A server that `npm start` finds elsewhere is not needed.
 * @param {import('./levels.mjs').Level} level
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Program[]}
 */
export function missingPrograms(level, env = process.env) {
  return programs.filter((program) => {
    if (!includes(level, program.level)) return false;
    if (level === 'run' && program.instead !== undefined && (env[program.instead] ?? '') !== '') return false;
    return (
      (program.binary.includes('/') ? findLibrary(program.binary) : findProgram(program.binary, env)) === undefined
    );
  });
}

/**
 * Where a program is, or undefined.
 * @param {string} binary
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined}
 */
export function findProgram(binary, env = process.env) {
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...serverFolders];
  return folders.map((folder) => join(folder, binary)).find(isExecutable);
}

/**
 * Where a file of a library is, whatever the machine's architecture, or undefined.
 * @param {string} name
 * @param {string} [libraries]
 * @returns {string | undefined}
 */
export function findLibrary(name, libraries = '/usr/lib') {
  const folders = readdirSync(libraries).filter((folder) => folder.endsWith('-linux-gnu'));
  return ['.', ...folders].map((folder) => join(libraries, folder, name)).find((path) => existsSync(path));
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
