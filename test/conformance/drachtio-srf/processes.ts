import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tied } from '../../support/tied.ts';

/** How a program is started. */
export interface ProgramOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Takes what it prints. */
  readonly onOutput?: (text: string) => void;
}

/** Programs of a test, none of which outlives it. */
export class Processes {
  readonly #running = new Set<ChildProcess>();

  /** Starts one; it is given nothing of the machine it runs on. */
  start(command: string, args: readonly string[], { cwd, env = {}, onOutput }: ProgramOptions): ChildProcess {
    const child = spawn(...tied(command, args), {
      cwd,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', TZ: 'UTC', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => onOutput?.(chunk.toString()));
    }
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Ends all that still run, and waits until they are gone. */
  async stop(): Promise<void> {
    const gone = [...this.#running].map((child) => once(child, 'exit'));
    for (const child of this.#running) child.kill('SIGKILL');
    await Promise.all(gone);
  }
}
