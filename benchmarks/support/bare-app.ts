import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { tied } from '@callweave/test';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const APP = fileURLToPath(new URL('../apps/bare-app.ts', import.meta.url));

const READY_MS = 20_000;

/** What the application does with every call; `benchmarks/apps/bare-app.ts`. */
export type Deed = 'answer' | 'bridge' | 'proxy';

/** An application of drachtio-srf in a process of its own. */
export class BareApp {
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? NaN;
  }

  /** Starts it and waits until the engine at `controlPort` has let it in. */
  static async start(deed: Deed, controlPort: number, callee = ''): Promise<BareApp> {
    const options = ['--conditions=@callweave/source', '--import', 'tsx'];
    const child = startNode([...options, APP, deed, String(controlPort), callee]);
    try {
      await Promise.race([
        once(child, 'message', { signal: AbortSignal.timeout(READY_MS) }),
        endsEarly(child, 'an application'),
      ]);
      return new BareApp(child);
    } catch (error) {
      await end(child);
      throw error;
    }
  }

  stop(): Promise<void> {
    return end(this.#child);
  }
}

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
