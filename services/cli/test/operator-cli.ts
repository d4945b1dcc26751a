import { type NatsServer, startNats } from '@callweave/bus/testing';
import { afterAll, beforeAll, vi } from 'vitest';
import { type CliRun, operatorOf, runCli } from './run-cli.ts';

/** `callweave` on a provisioned bus of its own, which starts and ends with the tests of the file that calls this. */
export function operatorCli(): (...args: string[]) => Promise<CliRun> {
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
  let nats: NatsServer;
  const callweave = (...args: string[]): Promise<CliRun> => runCli(args, operatorOf(nats));
  beforeAll(async () => {
    nats = await startNats();
    await callweave('provision');
  });
  afterAll(() => nats.stop());
  return callweave;
}
