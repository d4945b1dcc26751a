import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { claimAbandoned, NOTES_KEPT_MS } from '../src/abandoned-journals.ts';
import { lineOf, noteLine } from '../src/journal-line.ts';
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

function claim(): ReturnType<typeof claimAbandoned> {
  return claimAbandoned(directory, Date.now());
}

async function claimedIds(): Promise<string[]> {
  const claimed = await claim();
  const ids = claimed.flatMap(({ lines }) => lines.map(({ id }) => id));
  for (const { finish } of claimed) finish();
  return ids;
}

describe('the journal of another process', () => {
  test('is left alone while that process lives, and while it is frozen', async () => {
    child = await startChild('lock-holder.ts', [directory, 'edge', '2']);
    expect(await claim()).toEqual([]);
    child.signal('SIGSTOP');
    expect(await claim()).toEqual([]);
    child.signal('SIGCONT');
  });

  test('is left alone when the process is frozen for so long that its lock’s queue is full', async () => {
    child = await startChild('lock-holder.ts', [directory, 'edge', '1']);
    child.signal('SIGSTOP');
    const [lock = ''] = readdirSync(directory).filter((name) => name.endsWith('.lock'));
    const held = new Set<boolean>();
    for (let knock = 0; knock < 600; knock++) held.add(await isLockHeld(join(directory, lock)));
    expect([...held]).toEqual([true]);
    expect(await claim()).toEqual([]);
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
    const claimed = await claim();
    expect(await claim()).toEqual([]);
    for (const { release } of claimed) release();
    expect(await claimedIds()).toEqual(['1']);
  });
});

describe('the notes of a journal', () => {
  const fact = {
    n: 1,
    subject: 'callweave.test.v1.thing',
    id: 'a',
    payload: '{}',
    note: { about: 'x', value: 'begun' },
  };

  /** As a process leaves it that dies. */
  function leave(name: string, text: string, ageMs = 0): void {
    const path = join(directory, `${name}.journal`);
    writeFileSync(path, text);
    const atSec = (Date.now() - ageMs) / 1_000;
    utimesSync(path, atSec, atSec);
  }

  const found = (claimed: Awaited<ReturnType<typeof claim>>): unknown[] =>
    claimed.map(({ lines, notes }) => [lines.map(({ id }) => id), ...notes.values()]);

  test('outlive whoever has told its facts and dies before it has done what they ask for', async () => {
    leave('edge.1', lineOf(fact));
    const claimed = await claim();
    expect(found(claimed)).toEqual([[['a'], ['begun']]]);
    const [first] = claimed;
    first?.finish();
    // What a claimant that is killed leaves behind, without its lock.
    const [name = ''] = readdirSync(directory).filter((entry) => entry.endsWith('.journal'));
    copyFileSync(join(directory, name), join(directory, 'edge.2.journal'));
    first?.forget();
    const again = await claim();
    expect(found(again)).toEqual([[[], ['begun']]]);
    for (const { finish, forget } of again) {
      finish();
      expect(readdirSync(directory)).not.toEqual([]);
      forget();
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  test('go with a process that stops when its facts are told, and stay when they are not', async () => {
    leave('edge.1', lineOf(fact));
    for (const { release } of await claim()) release();
    const again = await claim();
    expect(found(again)).toEqual([[['a'], ['begun']]]);
    for (const { finish, release } of again) {
      finish();
      release();
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  test('are read in the order in which they were left, and not for ever', async () => {
    leave('edge.a', noteLine({ about: 'x', value: 'later' }));
    leave('edge.b', noteLine({ about: 'x', value: 'before' }), 1_000);
    leave('edge.c', noteLine({ about: 'x', value: 'long ago' }), NOTES_KEPT_MS + 1_000);
    expect(found(await claim())).toEqual([[[]], [[], ['before']], [[], ['later']]]);
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
