import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL_SUFFIX, journalName } from './journal.ts';
import { type JournalLine, notesIn, unfinished } from './journal-line.ts';
import { isLockHeld, takeLock } from './process-lock.ts';

/** An unfinished journal that another process left behind, now claimed by this one. */
export interface Abandoned {
  readonly lines: readonly JournalLine[];
  readonly notes: ReadonlyMap<string, readonly unknown[]>;
  /** Its facts are told: the file can go. */
  readonly finish: () => void;
  /** This process stops before they are: others may claim it. */
  readonly release: () => void;
}

/** Claims every journal in `directory` whose process is gone. A rename decides between two claimants. */
export async function claimAbandoned(directory: string): Promise<Abandoned[]> {
  if (!existsSync(directory)) return [];
  const claimed: Abandoned[] = [];
  for (const name of readdirSync(directory).filter((entry) => entry.endsWith(JOURNAL_SUFFIX))) {
    const abandoned = await claim(directory, name);
    if (abandoned !== undefined) claimed.push(abandoned);
  }
  return claimed;
}

async function claim(directory: string, name: string): Promise<Abandoned | undefined> {
  const path = join(directory, name);
  if (await isLockHeld(`${path}.lock`)) return undefined;
  const mine = join(directory, journalName(name.slice(0, name.indexOf('.'))));
  // The lock comes first, so that nobody takes the claimed file for an abandoned one.
  const lock = await takeLock(`${mine}.lock`);
  if (lock === undefined) return undefined;
  if (!rename(path, mine)) {
    lock.release();
    return undefined;
  }
  for (const leftover of [`${path}.lock`, `${path}.new`]) rmSync(leftover, { force: true });
  const text = readFileSync(mine, 'utf8');
  return {
    lines: unfinished(text),
    notes: notesIn(text),
    finish: () => {
      rmSync(mine, { force: true });
      lock.release();
    },
    release: () => lock.release(),
  };
}

function rename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
