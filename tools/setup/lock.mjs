import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { onExit } from './on-exit.mjs';

const POLL_MS = 200;
/** A grave names one dead owner and keeps two late-comers from both taking its lock over; it may go after this. */
const GRAVE_MS = 3_600_000;

/**
 * Runs `work` while no other process holds the directory `path`; a lock whose owner died is taken over.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @param {(owner: string) => void} [waiting] told once, when somebody else holds it
 * @returns {Promise<T>}
 */
export async function withLock(path, work, waiting = () => undefined) {
  const release = await acquire(path, waiting);
  const forget = onExit(release);
  try {
    return await work();
  } finally {
    forget();
    release();
  }
}

/**
 * @param {string} path
 * @param {(owner: string) => void} waiting
 */
async function acquire(path, waiting) {
  mkdirSync(dirname(path), { recursive: true });
  const me = describeProcess(process.pid) ?? String(process.pid);
  for (let told = false; ;) {
    if (tryTake(path, me)) break;
    const owner = readOwner(path);
    if (owner === undefined) continue;
    if (describeProcess(Number.parseInt(owner, 10)) !== owner) {
      bury(path, owner);
      continue;
    }
    if (!told) waiting(owner.replace(/-.*/, ''));
    told = true;
    await sleep(POLL_MS);
  }
  return () => {
    // Away in one step: a lock that is emptied first could be taken in between, and then be deleted under its taker.
    const mine = `${path}.${me}`;
    renameSync(path, mine);
    rmSync(mine, { recursive: true, force: true });
    sweepGraves(path);
  };
}

/**
 * The lock appears together with its owner's name: a directory that is not empty cannot be renamed over.
 * @param {string} path
 * @param {string} me
 */
function tryTake(path, me) {
  const mine = `${path}.${me}`;
  mkdirSync(mine, { recursive: true });
  writeFileSync(join(mine, 'owner'), me);
  try {
    renameSync(mine, path);
    return true;
  } catch (error) {
    rmSync(mine, { recursive: true, force: true });
    if (isCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
}

/**
 * Moves a dead owner's lock away. Only one of several can: the grave bears the owner's name and stays.
 * @param {string} path
 * @param {string} owner
 */
function bury(path, owner) {
  try {
    renameSync(path, `${path}.dead-${owner}`);
  } catch (error) {
    if (!isCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
  }
}

/** @param {string} path */
function sweepGraves(path) {
  const prefix = `${basename(path)}.dead-`;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const grave = join(dirname(path), name);
    const age = Date.now() - (statSync(grave, { throwIfNoEntry: false })?.ctimeMs ?? Date.now());
    if (age > GRAVE_MS) rmSync(grave, { recursive: true, force: true });
  }
}

/** @param {string} path */
function readOwner(path) {
  try {
    return readFileSync(join(path, 'owner'), 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * A process by its id and start time, so that another one with the same id is not taken for it; undefined when gone.
 * @param {number} pid
 */
function describeProcess(pid) {
  if (!existsSync('/proc/self/stat')) return isAlive(pid) ? String(pid) : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the name, field 2, is in parentheses and may hold spaces; then state, and starttime as field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `${pid}-${fields[19] ?? ''}`;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

/**
 * @param {unknown} error
 * @param {string[]} codes
 */
function isCode(error, ...codes) {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
