import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@callweave/clock/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RotatingLog, type Rotation } from '../src/rotating-log.ts';

const HOUR_MS = 3_600_000;
/** A line of ten bytes. */
const line = (letter: string): string => `${letter.repeat(9)}\n`;

let directory: string;
let clock: FakeClock;
let log: RotatingLog;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'callweave-log-'));
  clock = new FakeClock();
});

afterEach(() => {
  log.close();
  rmSync(directory, { recursive: true });
});

function open(name: string, rotation: Partial<Rotation> = {}): void {
  const none = { maxFiles: undefined, maxArchiveBytes: undefined, minFreeBytes: undefined };
  const archive = join(directory, 'archive');
  log = new RotatingLog(join(directory, name), { ...none, archive, maxBytes: 25, ...rotation }, clock);
}

/** Writes a line a second. */
function write(letters: string): void {
  for (const letter of letters) {
    log.write(line(letter));
    clock.advance(1_000);
  }
}

/** What the files of a directory hold, oldest first. */
function held(at = 'archive'): string[] {
  const names = readdirSync(join(directory, at), { withFileTypes: true }).filter((entry) => entry.isFile());
  return names
    .map(({ name }) => readFileSync(join(directory, at, name), 'utf8').replaceAll(/(.)\1{8}\n/g, '$1'))
    .sort();
}

describe('a log file', () => {
  test('goes into the archive before it is too large, and none of its lines is lost', () => {
    open('engine.log');
    write('abcde');
    expect([held(), held('.')]).toEqual([['ab', 'cd'], ['e']]);
    expect(readdirSync(join(directory, 'archive'))).toEqual([
      expect.stringMatching(/^engine-\d{8}-\d{6}\.log$/),
      expect.stringMatching(/^engine-\d{8}-\d{6}\.log$/),
    ]);
  });

  test('goes there at midnight', () => {
    open('engine.log', { maxBytes: 1_000 });
    write('a');
    clock.advance(25 * HOUR_MS);
    write('b');
    expect([held(), held('.')]).toEqual([['a'], ['b']]);
  });

  test('that is there already is gone on with', () => {
    writeFileSync(join(directory, 'engine.log'), line('a'));
    open('engine.log');
    write('bc');
    expect([held(), held('.')]).toEqual([['ab'], ['c']]);
  });

  test('may be named by when it is begun and its number, and keeps that name', () => {
    open('engine_%Y%m%d_%H%M%S-%3N.log');
    write('abc');
    expect([held(), held('.')]).toEqual([['ab'], ['c']]);
    expect(readdirSync(join(directory, 'archive'))).toEqual([expect.stringMatching(/^engine_\d{8}_\d{6}-000\.log$/)]);
  });

  test('that goes there in the same second as another does not replace it', () => {
    open('engine.log');
    for (const letter of 'abcde') log.write(line(letter));
    expect(held()).toEqual(['ab', 'cd']);
  });

  test('that cannot be put away grows, says so, and is put away when it can be', () => {
    writeFileSync(join(directory, 'archive'), 'no directory');
    open('engine.log');
    write('abc');
    expect(readFileSync(join(directory, 'engine.log'), 'utf8')).toMatch(/^a+\nb+\n\{.*"log\.not-archived"\}\nc+\n$/);
    rmSync(join(directory, 'archive'));
    clock.advance(60_000);
    write('d');
    expect(held('.')).toEqual(['d']);
  });
});

describe('an archive', () => {
  test('keeps the latest of so many files, and leaves those of others alone', () => {
    open('engine.log', { maxFiles: 2 });
    write('abc');
    writeFileSync(join(directory, 'archive', 'other.log'), 'o');
    write('defghi');
    expect(held()).toEqual(['ef', 'gh', 'o'].sort());
  });

  test('keeps no more than so many bytes', () => {
    open('engine.log', { maxArchiveBytes: 40 });
    write('abcdefghi');
    expect(held()).toEqual(['ef', 'gh']);
  });

  test('leaves the disk its space', () => {
    open('engine.log', { minFreeBytes: Number.MAX_SAFE_INTEGER });
    write('abcde');
    expect([held(), held('.')]).toEqual([[], ['e']]);
  });
});
