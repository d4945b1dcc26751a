import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { type Clock } from '@callweave/clock';
import { expandName, nameMatcher } from './log-name.ts';

/** When a log file is put away, and what is kept of those. */
export interface Rotation {
  /** Where files go that are full. */
  readonly archive: string;
  /** A file is full before it is larger than this. */
  readonly maxBytes: number;
  /** What the archive may hold; undefined for any number, any size, any space left on its disk. */
  readonly maxFiles: number | undefined;
  readonly maxArchiveBytes: number | undefined;
  readonly minFreeBytes: number | undefined;
}

/** Who may read a log file, besides those whom the umask excludes. */
const MODE = 0o640;

/** How long a file that could not be put away is written on before that is tried again. */
const RETRY_MS = 60_000;

/**
 * A log file that is put into an archive when it is full and at midnight, as drachtio-server's. Every line is written at
 * once. One that cannot be put away grows, and says so; what cannot be written, on a full disk, is counted and told as soon
 * as something can be.
 */
export class RotatingLog {
  readonly #name: string;
  readonly #rotation: Rotation;
  readonly #clock: Pick<Clock, 'epochMs'>;
  #path = '';
  #fd = -1;
  #size = 0;
  #midnight = 0;
  #count = 0;
  #lost = 0;
  #retryAt = 0;

  /** `name` may have a date and a number in it: `drachtio_%Y%m%d_%H%M%S-%N.log`. Throws when it cannot be opened. */
  constructor(name: string, rotation: Rotation, clock: Pick<Clock, 'epochMs'>) {
    this.#name = name;
    this.#rotation = rotation;
    this.#clock = clock;
    this.#open();
  }

  write(line: string): void {
    try {
      if (this.#isDue(line)) this.#rotate();
      if (this.#lost > 0) this.#tell('log.lost', { lines: this.#lost });
      this.#lost = 0;
      this.#append(line);
    } catch {
      // There is nowhere to tell it yet.
      this.#lost++;
    }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #isDue(line: string): boolean {
    const now = this.#clock.epochMs();
    if (now < this.#retryAt) return false;
    const isFull = this.#size > 0 && this.#size + Buffer.byteLength(line) > this.#rotation.maxBytes;
    return isFull || now >= this.#midnight;
  }

  #append(text: string): void {
    if (this.#fd < 0) this.#open();
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    this.#size += bytes.length;
  }

  #tell(event: string, fields: Readonly<Record<string, unknown>>): void {
    const time = new Date(this.#clock.epochMs()).toISOString();
    this.#append(`${JSON.stringify({ level: 'error', time, ...fields, event })}\n`);
  }

  #open(): void {
    const now = new Date(this.#clock.epochMs());
    this.#path = expandName(this.#name, now, this.#count++);
    mkdirSync(dirname(this.#path), { recursive: true });
    this.#fd = openSync(this.#path, 'a', MODE);
    this.#size = fstatSync(this.#fd).size;
    this.#midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime();
  }

  #rotate(): void {
    try {
      mkdirSync(this.#rotation.archive, { recursive: true });
      this.close();
      move(this.#path, this.#placeFor(basename(this.#path)));
      this.#prune();
    } catch (error) {
      this.#retryAt = this.#clock.epochMs() + RETRY_MS;
      this.#tell('log.not-archived', { reason: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Where a file goes: under its own name if that tells it from others, else with the time in it. */
  #placeFor(name: string): string {
    const { archive } = this.#rotation;
    const pattern = archivedName(this.#name);
    const now = new Date(this.#clock.epochMs());
    const wanted = pattern === basename(this.#name) ? name : expandName(pattern, now, 0);
    for (let copy = 0; ; copy++) {
      const place = join(archive, copy === 0 ? wanted : `${wanted}.${copy}`);
      if (!existsSync(place)) return place;
    }
  }

  /** Removes the oldest files while there are too many, they are too large, or the disk is too full. */
  #prune(): void {
    const { archive, maxFiles = Infinity, maxArchiveBytes = Infinity, minFreeBytes = 0 } = this.#rotation;
    const isOurs = nameMatcher(archivedName(this.#name));
    const files = readdirSync(archive)
      .filter((name) => isOurs.test(name))
      .map((name) => ({ path: join(archive, name), ...sizeOf(join(archive, name)) }))
      .sort((a, b) => a.mtimeMs - b.mtimeMs || (a.path < b.path ? -1 : 1));
    let total = files.reduce((sum, { size }) => sum + size, 0);
    const { bavail, bsize } = statfsSync(archive);
    let free = bavail * bsize;
    for (const [at, { path, size }] of files.entries()) {
      if (files.length - at <= maxFiles && total <= maxArchiveBytes && free >= minFreeBytes) return;
      rmSync(path);
      total -= size;
      free += size;
    }
  }
}

/** The name under which files are put away. */
function archivedName(name: string): string {
  const [file, extension] = [basename(name), extname(name)];
  return file.includes('%') ? file : `${basename(file, extension)}-%Y%m%d-%H%M%S${extension}`;
}

function sizeOf(path: string): { size: number; mtimeMs: number } {
  const { size, mtimeMs } = statSync(path);
  return { size, mtimeMs };
}

/** Also from one disk to another. */
function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    copyFileSync(from, to);
    rmSync(from);
  }
}
