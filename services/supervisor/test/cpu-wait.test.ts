import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { cpuWaitMs } from '../src/cpu-wait.ts';

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function start(program: string, ...args: string[]): number {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], { stdio: 'ignore' });
  started.push(child);
  return child.pid ?? NaN;
}

test('two that never rest and share a processor wait for it, one that rests does not', async () => {
  const busy = ['taskset', '-c', '0', 'sh', '-c', 'while :; do :; done'] as const;
  const [one, other] = [start(...busy), start(...busy)];
  const resting = start('sleep', '60');
  await expect.poll(() => Math.min(cpuWaitMs(one), cpuWaitMs(other)), { timeout: 20_000 }).toBeGreaterThan(200);
  expect(cpuWaitMs(resting)).toBeLessThan(Math.min(cpuWaitMs(one), cpuWaitMs(other)));
}, 30_000);

test('nothing is said of a process that is not there', () => {
  expect(cpuWaitMs(2 ** 22 + 1)).toBe(0);
});
