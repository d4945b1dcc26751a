import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Environment } from '@callweave/service';
import { cpuWaitMs } from './cpu-wait.ts';
import { type Child } from './supervised-process.ts';

/** How a process is started. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** Node.js children hear through a channel of their own when their parent is gone. */
  readonly isNode: boolean;
  readonly logFile: string;
}

/** Folders that hold servers but are not in everybody's PATH. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** `PATH` with the folders of servers behind it. */
export function serverPath({ PATH = '' }: Environment): string {
  return [...PATH.split(delimiter).filter((folder) => folder !== ''), ...SERVER_FOLDERS].join(delimiter);
}

/** Whether the kernel can be asked to end children together with us. */
export function hasSetpriv(path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'setpriv'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** How an exit code is told as the reason of a death. */
export function exitReason(code: number | null): string {
  return `exit code ${code ?? 'unknown'}`;
}

/**
 * Starts a process whose output goes to the end of its log file. It has a session of its own, so that Ctrl-C reaches
 * the supervisor alone, and with `setpriv` it is killed when the supervisor is. `exited` is called once, later.
 */
export function spawnChild(command: Command, isTied: boolean, exited: (reason: string) => void): Child {
  const log = openSync(command.logFile, 'a', 0o600);
  const [program, args] = isTied
    ? ['setpriv', ['--pdeathsig', 'KILL', command.program, ...command.args]]
    : [command.program, [...command.args]];
  try {
    const child = spawn(program, args, {
      detached: true,
      env: command.env,
      stdio: command.isNode ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
    });
    child.once('exit', (code, signal) => exited(signal ?? exitReason(code)));
    child.once('error', (error) => {
      if (child.pid === undefined) exited(error.message);
    });
    return {
      get pid() {
        return child.pid;
      },
      waitedMs: () => cpuWaitMs(process.pid) + (child.pid === undefined ? 0 : cpuWaitMs(child.pid)),
      kill: (signal) => void child.kill(signal),
    };
  } finally {
    closeSync(log);
  }
}
