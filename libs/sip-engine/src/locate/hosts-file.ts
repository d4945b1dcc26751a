import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type Clock } from '@callweave/clock';

/** A change is noticed after this at the latest. */
const CHECK_MS = 1_000;

/** The names that an administrator gives addresses by hand, as in `/etc/hosts`; read again when the file changes. */
export class HostsFile {
  readonly #clock: Clock;
  readonly #path: string;
  #checkedMs: number | undefined;
  #changedMs = -1;
  #addresses: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(clock: Clock, path = '/etc/hosts') {
    this.#clock = clock;
    this.#path = path;
  }

  /** The addresses of a name; none when the file does not name it or is not there. */
  async of(name: string): Promise<readonly string[]> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#checkedMs === undefined || nowMs - this.#checkedMs >= CHECK_MS) {
      this.#checkedMs = nowMs;
      await this.#refresh();
    }
    return this.#addresses.get(name.toLowerCase()) ?? [];
  }

  async #refresh(): Promise<void> {
    try {
      const { mtimeMs } = await stat(this.#path);
      if (mtimeMs !== this.#changedMs) {
        this.#addresses = parseHosts(await readFile(this.#path, 'utf8'));
        this.#changedMs = mtimeMs;
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      this.#addresses = new Map();
      this.#changedMs = -1;
    }
  }
}

/** Reads `192.0.2.1 name other # why`, a line for each address. */
export function parseHosts(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) found.set(name.toLowerCase(), [...(found.get(name.toLowerCase()) ?? []), address]);
  }
  return found;
}
