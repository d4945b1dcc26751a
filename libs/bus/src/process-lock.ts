import { closeSync, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname } from 'node:path';

/** A lock that the kernel gives up when its process dies, however it dies; a frozen process keeps it. */
export interface ProcessLock {
  release(): void;
}

/**
 * Takes the lock file at `path`, a listening Unix socket, or returns undefined when a live process holds it. Two
 * takers of an abandoned lock at the same moment are not excluded: what it guards must be claimed by a rename.
 */
export async function takeLock(path: string): Promise<ProcessLock | undefined> {
  if (await isLockHeld(path)) return undefined;
  rmSync(path, { force: true });
  const directory = openSync(dirname(path), 'r');
  const server = createServer((socket) => socket.destroy());
  let taken = false;
  try {
    taken = await listen(server, shortPath(directory, path));
  } finally {
    if (!taken) closeSync(directory);
  }
  if (!taken) return undefined;
  server.unref();
  return {
    release: () => {
      server.close();
      closeSync(directory);
      rmSync(path, { force: true });
    },
  };
}

/** Whether a live process holds the lock file at `path`. */
export function isLockHeld(path: string): Promise<boolean> {
  let directory: number;
  try {
    directory = openSync(dirname(path), 'r');
  } catch (error) {
    if (isErrno(error) && error.code === 'ENOENT') return Promise.resolve(false);
    throw error;
  }
  return new Promise((resolve) => {
    const done = (held: boolean): void => {
      socket.destroy();
      closeSync(directory);
      resolve(held);
    };
    const socket = connect(shortPath(directory, path));
    socket.once('connect', () => done(true));
    socket.once('error', (error) => done(!isErrno(error) || !ABANDONED.has(error.code ?? '')));
  });
}

/**
 * What connecting to the socket of a dead process says. Anything else is somebody alive: the queue of a process that
 * has been frozen for long is full (EAGAIN), and that of another user's refuses us (EACCES).
 */
const ABANDONED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK']);

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}

/** A Unix socket's path is limited to 107 bytes; through the open directory any depth is reached. */
function shortPath(directory: number, path: string): string {
  return `/proc/self/fd/${String(directory)}/${basename(path)}`;
}

function listen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(path, () => resolve(true));
  });
}
