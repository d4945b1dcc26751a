import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { claimAbandoned } from '../src/abandoned-journals.ts';
import { isLockHeld } from '../src/process-lock.ts';
import { type Child, startChild } from './child-process.ts';

let directory: string;
let child: Child | undefined;

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'callweave-abandoned-')), 'x'.repeat(110));
  mkdirSync(directory);
});

afterEach(async () => {
  await child?.kill();
  rmSync(join(directory, '..'), { recursive: true, force: true });
});

async function claimedIds(): Promise<string[]> {
  const claimed = await claimAbandoned(directory);
  const ids = claimed.flatMap(({ lines }) => lines.map(({ id }) => id));
  for (const { finish } of claimed) finish();
  return ids;
}

describe('the journal of another process', () => {
  test('is left alone while that process lives, and while it is frozen', async () => {
    child = await startChild('lock-holder.ts', [directory, 'edge', '2']);
    expect(await claimAbandoned(directory)).toEqual([]);
    child.signal('SIGSTOP');
    expect(await claimAbandoned(directory)).toEqual([]);
    child.signal('SIGCONT');
  });

  test('is left alone when the process is frozen for so long that its lock’s queue is full', async () => {
    child = await startChild('lock-holder.ts', [directory, 'edge', '1']);
    child.signal('SIGSTOP');
    const [lock = ''] = readdirSync(directory).filter((name) => name.endsWith('.lock'));
    const held = new Set<boolean>();
    for (let knock = 0; knock < 600; knock++) held.add(await isLockHeld(join(directory, lock)));
    expect([...held]).toEqual([true]);
    expect(await claimAbandoned(directory)).toEqual([]);
    child.signal('SIGCONT');
  });

  test('is claimed by exactly one of many when that process is killed, and leaves nothing behind', async () => {
    child = await startChild('lock-holder.ts', [directory, 'edge', '3']);
    await child.kill();
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimedIds()));
    expect(claims.flat()).toEqual(['1', '2', '3']);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('can be claimed again from a claimant that is killed in turn', async () => {
    child = await startChild('lock-holder.ts', [directory, 'edge', '1']);
    await child.kill();
    const claimed = await claimAbandoned(directory);
    expect(await claimAbandoned(directory)).toEqual([]);
    for (const { release } of claimed) release();
    expect(await claimedIds()).toEqual(['1']);
  });
});

describe('a full disk', () => {
  test.each(['at-once', 'later'])(
    'makes the process unready until there is room and costs no fact that was written; the next one is told %s',
    async (when) => {
      const limitKb = 16;
      child = await startChild('full-disk.ts', [directory, when], { maxFileKb: limitKb });
      const told = Number(child.firstLine);
      expect(told).toBeGreaterThan(10);
      execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
      child.signal('SIGUSR2');
      const lines = child.lines;
      await eventually(() => expect(lines).toEqual(['ready again', String(told + 1)]), { timeout: 15_000 });
      await child.kill();
      const written = Array.from({ length: told - 1 }, (_, index) => `fact-${String(index + 1)}`);
      expect(await claimedIds()).toEqual([...written, 'after']);
    },
  );
});
