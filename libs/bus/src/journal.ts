import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { JournalError } from './errors.ts';
import { isLockHeld, type ProcessLock, takeLock } from './process-lock.ts';

/** A fact on its way to JetStream. */
export const JournalLine = z.object({
  n: z.number().int().positive(),
  subject: z.string(),
  /** `Nats-Msg-Id`: told twice, stored once. */
  id: z.string(),
  payload: z.string(),
});
export type JournalLine = z.infer<typeof JournalLine>;

const AckLine = z.object({ ack: z.number().int() });

const SUFFIX = '.journal';
const TRUNCATE_BYTES = 1_048_576;

/**
 * Append-only outbox of one process. A line is written (not synced) before its fact counts as told: it survives the
 * process, not the host. Everything up to an acknowledged number is done.
 */
export class Journal {
  readonly #path: string;
  readonly #lock: ProcessLock;
  readonly #fd: number;
  #bytes = 0;
  #last = 0;
  #acked = 0;

  private constructor(path: string, lock: ProcessLock) {
    this.#path = path;
    this.#lock = lock;
    this.#fd = openSync(path, 'a', 0o600);
  }

  /** Opens this process's own journal in `directory`. */
  static async open(directory: string, owner: string): Promise<Journal> {
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `${owner}${SUFFIX}`);
    const lock = await takeLock(`${path}.lock`);
    if (lock === undefined) throw new JournalError(`${path} belongs to a live process`);
    return new Journal(path, lock);
  }

  /** Appends a fact. Throws `JournalError` when the line cannot be written (full disk). */
  append(fact: Omit<JournalLine, 'n'>): JournalLine {
    const line = { n: this.#last + 1, ...fact };
    this.#write(line);
    this.#last = line.n;
    return line;
  }

  /** Everything up to `n` has reached the stream. */
  acknowledge(n: number): void {
    this.#acked = n;
    if (n === this.#last && this.#bytes > TRUNCATE_BYTES) {
      ftruncateSync(this.#fd, 0);
      this.#bytes = 0;
      return;
    }
    try {
      this.#write({ ack: n });
    } catch (error) {
      // A lost acknowledgement means the facts are told again, and stored once.
      if (!(error instanceof JournalError)) throw error;
    }
  }

  /** Closes the journal; an empty one is removed. */
  close(): void {
    closeSync(this.#fd);
    if (this.#acked === this.#last) rmSync(this.#path, { force: true });
    this.#lock.release();
  }

  #write(line: object): void {
    const text = `${JSON.stringify(line)}\n`;
    try {
      const written = writeSync(this.#fd, text);
      if (written !== Buffer.byteLength(text)) throw new Error('short write');
      this.#bytes += written;
    } catch (error) {
      throw new JournalError(`${this.#path}: cannot append`, { cause: error });
    }
  }
}

/** An unfinished journal that another process left behind, now claimed by this one. */
export interface Abandoned {
  readonly lines: readonly JournalLine[];
  /** Its facts are told: the file can go. */
  readonly finish: () => void;
}

/** Claims every journal in `directory` whose process is gone. A rename decides between two claimants. */
export async function claimAbandoned(directory: string, claimant: string): Promise<Abandoned[]> {
  if (!existsSync(directory)) return [];
  const claimed: Abandoned[] = [];
  for (const name of readdirSync(directory).filter((entry) => entry.endsWith(SUFFIX))) {
    const path = join(directory, name);
    if (await isLockHeld(`${path}.lock`)) continue;
    const mine = join(directory, `${name.slice(0, name.indexOf('.'))}.${claimant}${SUFFIX}`);
    // The lock comes first, so that nobody takes the claimed file for an abandoned one.
    const lock = await takeLock(`${mine}.lock`);
    if (lock === undefined) continue;
    if (!rename(path, mine)) {
      lock.release();
      continue;
    }
    rmSync(`${path}.lock`, { force: true });
    const finish = (): void => {
      rmSync(mine, { force: true });
      lock.release();
    };
    claimed.push({ lines: unfinished(readFileSync(mine, 'utf8')), finish });
  }
  return claimed;
}

/** The facts of a journal that were not acknowledged; a torn last line is none. */
export function unfinished(text: string): JournalLine[] {
  const lines: JournalLine[] = [];
  let acked = 0;
  for (const raw of text.split('\n')) {
    const value = parseLine(raw);
    const ack = AckLine.safeParse(value);
    if (ack.success) acked = Math.max(acked, ack.data.ack);
    const line = JournalLine.safeParse(value);
    if (line.success) lines.push(line.data);
  }
  return lines.filter(({ n }) => n > acked);
}

function parseLine(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
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
