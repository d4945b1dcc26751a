import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isLockHeld, takeLock } from '../src/process-lock.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'callweave-lock-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a lock of a live process', () => {
  test('is held until it is released', async () => {
    const path = join(directory, 'one.lock');
    expect(await isLockHeld(path)).toBe(false);
    const lock = await takeLock(path);
    expect(await isLockHeld(path)).toBe(true);
    lock?.release();
    expect(await isLockHeld(path)).toBe(false);
  });

  test('cannot be taken twice', async () => {
    const path = join(directory, 'one.lock');
    const lock = await takeLock(path);
    expect(await takeLock(path)).toBeUndefined();
    expect(await isLockHeld(path)).toBe(true);
    lock?.release();
  });

  test('works in a directory whose path is longer than a socket address', async () => {
    const deep = join(directory, 'd'.repeat(120), 'e'.repeat(120));
    mkdirSync(deep, { recursive: true });
    const path = join(deep, 'one.lock');
    const lock = await takeLock(path);
    expect(lock).toBeDefined();
    expect(await isLockHeld(path)).toBe(true);
    lock?.release();
  });

  test('a file that nobody listens on is not held', async () => {
    const path = join(directory, 'one.lock');
    writeFileSync(path, '');
    expect(await isLockHeld(path)).toBe(false);
  });

  test('nor is one in a directory that is not there', async () => {
    expect(await isLockHeld(join(directory, 'gone', 'one.lock'))).toBe(false);
  });
});
