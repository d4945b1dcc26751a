import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';

/** A program that a test started. */
export interface Running {
  /** What it printed so far, both streams. */
  output(): string;
  isGone(): boolean;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts a program with nothing but `env`; it never outlives the test. */
export function start(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const options: SpawnOptions = { env: { PATH: serverPath, ...env }, stdio: ['ignore', 'pipe', 'pipe'] };
  const child: ChildProcess = spawn(command, args, options);
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  }
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    output: () => chunks.join(''),
    isGone,
    stop: async () => {
      process.off('exit', killAtExit);
      if (isGone()) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Where Debian has programs and servers. */
export const serverPath = '/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/sbin:/bin';
