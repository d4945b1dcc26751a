import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL_SUFFIX, journalName } from './journal.ts';
import { ackLine, type JournalLine, notesIn, unfinished } from './journal-line.ts';
import { isLockHeld, takeLock } from './process-lock.ts';

/** An unfinished journal that another process left behind, now claimed by this one. */
export interface Abandoned {
  readonly lines: readonly JournalLine[];
  readonly notes: ReadonlyMap<string, readonly unknown[]>;
  /** Its facts are told. The file stays for as long as its notes are of use, for this process may die as well. */
  readonly finish: () => void;
  /** Its notes are of no use any more. */
  readonly forget: () => void;
  /** This process stops: others may claim what is not told. */
  readonly release: () => void;
}

/** How long somebody may go on where an abandoned journal stops. */
export const NOTES_KEPT_MS = 120_000;

/** Claims every journal in `directory` whose process is gone. A rename decides between two claimants. */
export async function claimAbandoned(directory: string, epochMs: number): Promise<Abandoned[]> {
  if (!existsSync(directory)) return [];
  const claimed: Abandoned[] = [];
  for (const name of oldestFirst(directory)) {
    const abandoned = await claim(directory, name, epochMs);
    if (abandoned !== undefined) claimed.push(abandoned);
  }
  return claimed;
}

/** What one process wrote before another went on must be read before it. */
function oldestFirst(directory: string): string[] {
  const names = readdirSync(directory).filter((entry) => entry.endsWith(JOURNAL_SUFFIX));
  const writtenAtMs = (name: string): number =>
    statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return names
    .map((name) => ({ name, atMs: writtenAtMs(name) }))
    .sort((one, other) => one.atMs - other.atMs)
    .map(({ name }) => name);
}

async function claim(directory: string, name: string, epochMs: number): Promise<Abandoned | undefined> {
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
  const lines = unfinished(text);
  // Whoever claimed it before has told its facts: a process that dies again and again must not keep it for ever.
  const isOld = lines.length === 0 && epochMs - statSync(mine).mtimeMs > NOTES_KEPT_MS;
  const notes = isOld ? new Map<string, unknown[]>() : notesIn(text);
  let isTold = false;
  let hasNotes = notes.size > 0;
  let isHeld = true;
  const leave = ({ remove }: { readonly remove: boolean }): void => {
    if (!isHeld) return;
    isHeld = false;
    if (remove) rmSync(mine, { force: true });
    lock.release();
  };
  return {
    lines,
    notes,
    finish: () => {
      isTold = true;
      if (!hasNotes) leave({ remove: true });
      else if (lines.length > 0) sayTold(mine, Math.max(...lines.map(({ n }) => n)));
    },
    forget: () => {
      hasNotes = false;
      if (isTold) leave({ remove: true });
    },
    release: () => leave({ remove: isTold }),
  };
}

function sayTold(path: string, last: number): void {
  try {
    // It may end in the middle of a line.
    appendFileSync(path, `\n${ackLine(last)}`);
  } catch (error) {
    // On a full disk: whoever claims it next tells its facts again, and they are stored once.
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
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
