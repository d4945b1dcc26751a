import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Another process that runs a file of this folder, to be frozen and killed. */
export interface Child {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly firstLine: string;
  /** Lines it has printed since. */
  readonly lines: readonly string[];
  signal(name: NodeJS.Signals): void;
  /** Kills it and waits until it is gone. */
  kill(): Promise<void>;
}

export interface ChildOptions {
  /** Files it writes may not grow beyond this, as on a full disk. */
  readonly maxFileKb?: number;
}

/** Starts `file` with `args` and waits for its first line, which says that it is ready. */
export async function startChild(
  file: string,
  args: readonly string[],
  { maxFileKb }: ChildOptions = {},
): Promise<Child> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const limit = maxFileKb === undefined ? '' : `ulimit -S -f ${String(maxFileKb)}; `;
  const node = [process.execPath, '--conditions=@callweave/source', '--import', 'tsx', path, ...args];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'bash', '-c', `${limit}exec "$@"`, 'bash', ...node], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const ready = once(reader, 'line');
  const [firstLine] = (await Promise.race([
    ready,
    gone.then(() => {
      throw new Error(`${file} ended before it was ready`);
    }),
  ])) as [string];
  reader.on('line', (line) => lines.push(line));
  return {
    pid: pidOf(child),
    firstLine,
    lines,
    signal: (name) => void child.kill(name),
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process did not start');
  return pid;
}
