import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { JournalError } from './errors.ts';
import { ackLine, type JournalLine, type JournalNote, lineOf, noteLine } from './journal-line.ts';
import { type ProcessLock, takeLock } from './process-lock.ts';

/** What the names of all journals end in. */
export const JOURNAL_SUFFIX = '.journal';

/** A file name for a journal of `owner` that no other journal ever has, so that an abandoned name stays abandoned. */
export function journalName(owner: string): string {
  return `${owner}.${randomBytes(8).toString('hex')}${JOURNAL_SUFFIX}`;
}

/** Size at which what is acknowledged is dropped from the file. */
const TIDY_BYTES = 1_048_576;
/** More open facts than this are not copied to a new file; they are on their way out anyhow. */
const MAX_COPIED_LINES = 1_000;

/**
 * Append-only outbox of one process. A line is written (not synced) before its fact counts as told: it survives the
 * process, not the host. Everything up to an acknowledged number is done.
 */
export class Journal {
  readonly #path: string;
  readonly #lock: ProcessLock;
  /** Facts in the file that are not acknowledged, by number. */
  readonly #open = new Map<number, JournalLine>();
  #fd: number;
  #bytes = 0;
  #tidyAt = TIDY_BYTES;
  #last = 0;
  /** What is acknowledged but not in the file yet. */
  #acknowledged: number | undefined;
  /** Since the file was tidied last, by what they are about. */
  readonly #notes = new Map<string, unknown[]>();
  #isNeeded: (about: string) => boolean = () => false;
  /** The last write stopped in the middle of a line. */
  #torn = false;

  private constructor(path: string, lock: ProcessLock) {
    this.#path = path;
    this.#lock = lock;
    this.#fd = openSync(path, 'a', 0o600);
  }

  /** Starts this process's own journal in `directory`. */
  static async open(directory: string, owner: string): Promise<Journal> {
    mkdirSync(directory, { recursive: true });
    const path = join(directory, journalName(owner));
    const lock = await takeLock(`${path}.lock`);
    if (lock === undefined) throw new JournalError(`${path} belongs to a live process`);
    return new Journal(path, lock);
  }

  /** Appends a fact. Throws `JournalError` when the line cannot be written (full disk). */
  append(fact: Omit<JournalLine, 'n'>): JournalLine {
    const line = { n: this.#last + 1, ...fact };
    const told = this.#acknowledged === undefined ? '' : ackLine(this.#acknowledged);
    this.#write(`${told}${lineOf(line)}`);
    this.#acknowledged = undefined;
    this.#last = line.n;
    this.#open.set(line.n, line);
    if (fact.note !== undefined) this.#keep(fact.note);
    return line;
  }

  /** Leaves a note to whoever finds this journal. Throws `JournalError`. */
  note(note: JournalNote): void {
    this.#write(noteLine(note));
    this.#keep(note);
  }

  /** Notes about a thing for which `isNeeded` says so stay when the file is tidied; all others go. */
  keepNotes(isNeeded: (about: string) => boolean): void {
    this.#isNeeded = isNeeded;
  }

  /** What the file says about a thing, oldest first. */
  notesAbout(about: string): readonly unknown[] {
    return this.#notes.get(about) ?? [];
  }

  /** The things that it says anything about. */
  noted(): Iterable<string> {
    return this.#notes.keys();
  }

  #keep({ about, value }: JournalNote): void {
    const known = this.#notes.get(about);
    if (known === undefined) this.#notes.set(about, [value]);
    else known.push(value);
  }

  /** Everything up to `n` has reached the stream; the file says so with the next fact, or when it is settled. */
  acknowledge(n: number): void {
    for (const open of this.#open.keys()) {
      if (open > n) break;
      this.#open.delete(open);
    }
    this.#acknowledged = n;
    if (this.#isTidyDue) this.settle();
  }

  /** Writes down what is acknowledged, so that a successor does not tell it again. */
  settle(): void {
    if (this.#acknowledged === undefined) return;
    try {
      if (this.#isTidyDue) this.#tidy();
      else this.#write(ackLine(this.#acknowledged));
      this.#acknowledged = undefined;
    } catch (error) {
      // A lost acknowledgement means the facts are told again, and stored once.
      if (!(error instanceof JournalError)) throw error;
    }
  }

  /** Whether the journal takes lines (again). */
  probe(): boolean {
    try {
      this.#write(ackLine(0));
      return true;
    } catch (error) {
      if (error instanceof JournalError) return false;
      throw error;
    }
  }

  /** Closes the journal; one without open facts is removed. */
  close(): void {
    if (this.#open.size > 0) this.settle();
    closeSync(this.#fd);
    if (this.#open.size === 0) rmSync(this.#path, { force: true });
    this.#lock.release();
  }

  get #isTidyDue(): boolean {
    return this.#bytes >= this.#tidyAt && this.#open.size <= MAX_COPIED_LINES;
  }

  /** Drops what is acknowledged: empties the file, or puts one with only the open facts and the notes in need in its place. */
  #tidy(): void {
    for (const about of this.#notes.keys()) if (!this.#isNeeded(about)) this.#notes.delete(about);
    if (this.#open.size === 0 && this.#notes.size === 0) {
      ftruncateSync(this.#fd, 0);
      this.#bytes = 0;
      this.#torn = false;
    } else {
      const notes = [...this.#notes].flatMap(([about, values]) => values.map((value) => noteLine({ about, value })));
      this.#replace([...notes, ...[...this.#open.values()].map(lineOf)].join(''));
    }
    this.#tidyAt = Math.max(TIDY_BYTES, 2 * this.#bytes);
  }

  #replace(text: string): void {
    const path = `${this.#path}.new`;
    const fd = openSync(path, 'w', 0o600);
    try {
      const bytes = writeWhole(fd, text);
      renameSync(path, this.#path);
      closeSync(this.#fd);
      this.#fd = fd;
      this.#bytes = bytes;
      this.#torn = false;
    } catch (error) {
      closeSync(fd);
      rmSync(path, { force: true });
      this.#tidyAt = this.#bytes + TIDY_BYTES;
      throw new JournalError(`${this.#path}: cannot be tidied`, { cause: error });
    }
  }

  #write(lines: string): void {
    try {
      // After a torn line a new one must not continue it: both would be lost.
      this.#bytes += writeWhole(this.#fd, this.#torn ? `\n${lines}` : lines, () => (this.#torn = true));
      this.#torn = false;
    } catch (error) {
      throw new JournalError(`${this.#path}: cannot append`, { cause: error });
    }
  }
}

/** Writes all of `text` or throws; `onTorn` is called when a part of it was written. */
function writeWhole(fd: number, text: string, onTorn?: () => void): number {
  const bytes = Buffer.from(text);
  const written = writeSync(fd, bytes);
  if (written === bytes.length) return written;
  if (written > 0) onTorn?.();
  throw new Error(`${String(written)} of ${String(bytes.length)} bytes written`);
}
