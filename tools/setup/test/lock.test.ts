import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withLock } from '../lock.mjs';

const contender = `
  import { appendFileSync } from 'node:fs';
  import { setImmediate as turn } from 'node:timers/promises';
  const [module, lock, trace] = process.argv.slice(1);
  const { withLock } = await import(module);
  await withLock(lock, async () => {
    appendFileSync(trace, 'in ');
    for (let i = 0; i < 50; i++) await turn();
    appendFileSync(trace, 'out ');
  });
`;

describe('the lock of a set-up', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'callweave-lock-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('lets one process in at a time, also when they find a lock whose owner died', async () => {
    const lock = join(folder, 'lock');
    const trace = join(folder, 'trace');
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    mkdirSync(lock);
    writeFileSync(join(lock, 'owner'), `${String(dead.pid)}-1`);

    const module = new URL('../lock.mjs', import.meta.url).href;
    const children = Array.from({ length: 5 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', contender, module, lock, trace], { stdio: 'inherit' }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as unknown));

    expect(codes).toEqual([0, 0, 0, 0, 0]);
    expect(readFileSync(trace, 'utf8')).toBe('in out '.repeat(5));
    expect(existsSync(lock)).toBe(false);
  });

  test('is given back when the work fails', async () => {
    const lock = join(folder, 'lock');
    await expect(withLock(lock, () => Promise.reject(new Error('no space left')))).rejects.toThrow('no space left');
    expect(await withLock(lock, () => Promise.resolve('again'))).toBe('again');
  });
});
