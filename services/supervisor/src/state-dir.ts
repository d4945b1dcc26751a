import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ProcessLock, takeLock } from '@callweave/bus';
import { PLATFORM_FILE, readPlatformFile } from '@callweave/service';
import { StateDirInUseError } from './errors.ts';

/** The files of one platform. */
export interface StateDir {
  readonly path: string;
  readonly natsConfig: string;
  readonly natsStore: string;
  readonly secrets: string;
  readonly platform: string;
  /** Log file of a process by its name. */
  log(name: string): string;
  release(): void;
}

/** Takes the state directory, making it when there is none. Throws `StateDirInUseError`. */
export async function openStateDir(directory: string): Promise<StateDir> {
  const path = resolve(directory);
  const platform = join(path, PLATFORM_FILE);
  for (const folder of [path, join(path, 'logs'), join(path, 'nats')])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock: ProcessLock | undefined = await takeLock(join(path, 'supervisor.lock'));
  if (lock === undefined) {
    throw new StateDirInUseError(
      `a platform already runs in ${path}${owner(path)}: stop it, or set CALLWEAVE_STATE_DIR to another directory`,
    );
  }
  // Left behind by one that was killed.
  rmSync(platform, { force: true });
  return {
    path,
    natsConfig: join(path, 'nats', 'nats.conf'),
    natsStore: join(path, 'nats'),
    secrets: join(path, 'secrets.json'),
    platform,
    log: (name) => join(path, 'logs', `${name}.log`),
    release: () => lock.release(),
  };
}

/** Starts a log file anew. */
export function truncateLog(file: string): void {
  writeFileSync(file, '', { mode: 0o600 });
}

/** The file is written when a platform is ready, so one that is just starting cannot be named. */
function owner(stateDir: string): string {
  const pid = readPlatformFile(stateDir)?.pid;
  return pid === undefined ? '' : ` (process ${pid})`;
}
