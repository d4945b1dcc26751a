import { type ChildProcess, spawn } from 'node:child_process';

/** A program that failed, with the end of what it said. */
export class CommandError extends Error {
  readonly code = 'COMMAND';

  constructor(program: string, args: readonly string[], exit: number | null, output: string) {
    super(`${program} ${args.join(' ')}: exit ${String(exit)}\n${output.slice(-4_000)}`);
    this.name = 'CommandError';
  }
}

/** A program under way: its output so far, and its exit code once it ended. */
export interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<number | null>;
}

/** Starts a program; nothing of it is shown. */
export function start(program: string, args: readonly string[], cwd?: string): Started {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { child, output: () => output, exited };
}

/** Runs a program to its end and returns what it wrote to its standard output, trimmed. Throws `CommandError`. */
export async function run(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exit = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (exit !== 0) throw new CommandError(program, args, exit, stdout + stderr);
  return stdout.trim();
}
