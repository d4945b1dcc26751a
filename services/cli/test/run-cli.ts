import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type NatsServer } from '@callweave/bus/testing';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** What a command printed, and how it ended. */
export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `callweave` from the sources, away from anybody's settings. */
export function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  const command = ['--import', 'tsx', '--conditions=@callweave/source', main, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env: { ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** The settings of an operator of this bus. */
export function operatorOf({ url }: NatsServer): Record<string, string> {
  return { CALLWEAVE_NATS_URL: url, CALLWEAVE_NATS_USER: 'operator', CALLWEAVE_NATS_PASSWORD: 'operator' };
}
