import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { tied } from '@callweave/test';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Node.js, which can be talked to and whose lines can be read. */
export function startNode(args: readonly string[], further: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(...tied(execPath, args), {
    cwd: ROOT,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', TZ: 'UTC', ...further },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
}

/** Rejects when a process ends that should not. */
export async function endsEarly(child: ChildProcess, who: string): Promise<never> {
  await once(child, 'exit');
  throw new Error(`${who} did not start`);
}

/** Ends a process as a signal asks it to. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
