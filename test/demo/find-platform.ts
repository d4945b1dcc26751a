import { type PlatformFile, readPlatformFile } from '@callweave/service';

/** The demo cannot begin; the message says what to do. */
export class DemoError extends Error {
  readonly code = 'demo-impossible';
}

/** The platform that runs in `stateDir`. Throws `DemoError`. */
export function findPlatform(stateDir: string): PlatformFile {
  const platform = readPlatformFile(stateDir);
  if (platform === undefined || !isAlive(platform.pid)) {
    throw new DemoError(`no platform runs in ${stateDir}: npm start, or name its directory with --state-dir`);
  }
  return platform;
}

/** Makes sure that the passwords of these users are known. Throws `DemoError`. */
export function requireAccounts(platform: PlatformFile, users: readonly string[]): void {
  const missing = users.filter((user) => !platform.accounts.some((account) => account.user === user));
  if (missing.length > 0) throw new DemoError(`the password was changed of ${missing.join(' and ')}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
