import { FRAME_SAMPLES, SAMPLE_RATE } from '../media/frame.ts';
import { type SoundLibrary } from './sound-library.ts';

/** One thing to play, as an application names it. */
export interface SoundRequest {
  /** The name that events repeat. */
  readonly path: string;
  /** Samples to leave out at the start. */
  readonly offset: number;
}

/** Something to be heard. */
export interface PlayableSound {
  /** In samples; infinite for what never ends by itself. */
  readonly length: number;
  /** The frame that begins at a sample, filled up with silence; undefined when it is nothing but silence. */
  frameAt(offset: number): Int16Array | undefined;
}

/** Reads `file`, `file@@8000`, and several of them between delimiters. */
export function parseSoundRequests(argument: string, delimiter: string | undefined): SoundRequest[] {
  const names = delimiter === undefined || delimiter === '' ? [argument] : argument.split(delimiter);
  return names.map((name) => {
    const [, path = name, offset = '0'] = /^(.*)@@(\d{1,12})$/s.exec(name) ?? [];
    return { path, offset: Number(offset) };
  });
}

/** The sound of a request; undefined when there is none. `silence_stream://MS` is silence, for ever with -1. */
export async function loadSound({ path }: SoundRequest, library: SoundLibrary): Promise<PlayableSound | undefined> {
  const silence = /^silence_stream:\/\/(-1|\d{1,9})(?:,\d{1,9})?$/.exec(path);
  if (silence !== null) {
    const ms = Number(silence[1]);
    return { length: ms < 0 ? Infinity : ms * (SAMPLE_RATE / 1_000), frameAt: () => undefined };
  }
  const samples = await library.load(path);
  return samples === undefined ? undefined : recorded(samples);
}

function recorded(samples: Int16Array): PlayableSound {
  return {
    length: samples.length,
    frameAt: (offset) => {
      const frame = samples.subarray(offset, offset + FRAME_SAMPLES);
      if (frame.length === FRAME_SAMPLES) return frame;
      const filled = new Int16Array(FRAME_SAMPLES);
      filled.set(frame);
      return filled;
    },
  };
}
