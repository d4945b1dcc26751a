import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { parseWav, WavError } from '@callweave/rtp';
import { type Logger } from '@callweave/telemetry';
import { SAMPLE_RATE } from '../media/frame.ts';

/** Where the samples of a name come from. */
export interface SoundLibrary {
  /** Samples at 8 kHz; undefined when there is no such sound. */
  load(name: string): Promise<Int16Array | undefined>;
}

/** About an hour of sound; a longer file is more likely no sound at all. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Sounds kept in memory: 4 million samples are 8 MB or 9 minutes. */
const MAX_CACHED_SAMPLES = 4_194_304;

/** Sounds that are WAV files; relative names are below `directory`. Files that change are read again. */
export class WavFiles implements SoundLibrary {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #cache = new Map<string, { readonly version: string; readonly samples: Int16Array }>();
  #cachedSamples = 0;

  constructor({ directory, log }: { readonly directory: string; readonly log: Logger }) {
    this.#directory = directory;
    this.#log = log;
  }

  async load(name: string): Promise<Int16Array | undefined> {
    const path = this.#pathOf(name);
    if (path === undefined) return undefined;
    try {
      const { size, mtimeMs } = await stat(path);
      const version = `${size} ${mtimeMs}`;
      const known = this.#cache.get(path);
      if (known?.version === version) return this.#touch(path, known);
      if (size > MAX_FILE_BYTES) throw new WavError('WAV_UNSUPPORTED', `${size} bytes`);
      const { sampleRate, samples } = parseWav(await readFile(path));
      if (sampleRate !== SAMPLE_RATE) throw new WavError('WAV_UNSUPPORTED', `${sampleRate} samples per second`);
      return this.#touch(path, { version, samples });
    } catch (error) {
      this.#log.warn('sound.unusable', { sound: name, err: error });
      return undefined;
    }
  }

  /** A relative name must not lead out of the directory; absolute ones are the operator's own. */
  #pathOf(name: string): string | undefined {
    if (name === '' || name.includes('\0')) return undefined;
    const path = normalize(name);
    if (isAbsolute(path)) return path;
    return path.startsWith('..') ? undefined : join(this.#directory, path);
  }

  #touch(path: string, entry: { readonly version: string; readonly samples: Int16Array }): Int16Array {
    this.#forget(path);
    this.#cache.set(path, entry);
    this.#cachedSamples += entry.samples.length;
    for (const oldest of this.#cache.keys()) {
      if (this.#cachedSamples <= MAX_CACHED_SAMPLES) break;
      this.#forget(oldest);
    }
    return entry.samples;
  }

  #forget(path: string): void {
    this.#cachedSamples -= this.#cache.get(path)?.samples.length ?? 0;
    this.#cache.delete(path);
  }
}
