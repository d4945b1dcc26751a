import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE } from '../media/frame.ts';
import { loadSound, parseSoundRequests, type PlayableSound, type SoundRequest } from '../sound/sound-request.ts';
import {
  type ApplicationContext,
  type ApplicationKind,
  type Beat,
  type Outcome,
  type RunningApplication,
} from './application.ts';

/** `playback a.wav`, `playback a.wav!b.wav` with `playback_delimiter`, `playback a.wav@@8000` from a sample on. */
export const playback: ApplicationKind = {
  kind: 'running',
  start: (context, argument) => new Playback(context, argument),
};

/** Clients know `playback_samples` and its kin as what was read of a file, and FreeSWITCH reads files in such pieces. */
const READ_SAMPLES = 16_384;

/** A shorter time-out is ignored, as FreeSWITCH does. */
const MIN_TIMEOUT_SEC = 2;

const silentFrame: Beat = { kind: 'frame', samples: undefined };

class Playback implements RunningApplication {
  readonly #context: ApplicationContext;
  readonly #queue: SoundRequest[];
  readonly #timeoutBeats: number;
  #current: SoundRequest | undefined;
  /** Undefined while it is being read from the disk. */
  #loaded: { readonly sound: PlayableSound | undefined } | undefined;
  #offset = 0;
  #beats = 0;
  #outcome: Outcome = 'FILE NOT FOUND';

  constructor(context: ApplicationContext, argument: string) {
    this.#context = context;
    const { variables } = context;
    this.#queue = parseSoundRequests(argument, variables.get('playback_delimiter'));
    const timeoutSec = Number(variables.get('playback_timeout_sec') ?? 0);
    this.#timeoutBeats = timeoutSec >= MIN_TIMEOUT_SEC ? (timeoutSec * 1_000) / FRAME_MS : Infinity;
    this.#next();
  }

  beat(): Beat {
    for (;;) {
      if (this.#current === undefined) return { kind: 'done', outcome: this.#outcome };
      if (this.#loaded === undefined) return silentFrame;
      const { sound } = this.#loaded;
      if (sound === undefined) {
        this.#outcome = 'FILE NOT FOUND';
        this.#next();
        continue;
      }
      if (this.#beats === 0) this.#emit('PLAYBACK_START', this.#current);
      if (this.#beats >= this.#timeoutBeats) return { kind: 'done', outcome: this.stop('hangup') };
      if (this.#offset < sound.length) return this.#play(sound);
      this.#finish(this.#current, sound, 'done');
      this.#outcome = 'FILE PLAYED';
      this.#next();
    }
  }

  stop(why: 'break' | 'hangup'): Outcome {
    const sound = this.#loaded?.sound;
    if (this.#current !== undefined && sound !== undefined && this.#beats > 0) {
      this.#finish(this.#current, sound, why === 'break' ? 'break' : 'done');
    }
    this.#current = undefined;
    this.#queue.length = 0;
    return why === 'break' ? 'FILE PLAYED' : 'PLAYBACK ERROR';
  }

  #next(): void {
    const request = this.#queue.shift();
    this.#current = request;
    this.#loaded = undefined;
    this.#beats = 0;
    if (request === undefined) return;
    this.#offset = request.offset;
    void loadSound(request, this.#context.sounds).then((sound) => {
      if (this.#current === request) this.#loaded = { sound };
    });
  }

  #play(sound: PlayableSound): Beat {
    const samples = sound.frameAt(this.#offset);
    this.#offset += FRAME_SAMPLES;
    this.#beats++;
    return { kind: 'frame', samples };
  }

  #finish(request: SoundRequest, sound: PlayableSound, status: 'done' | 'break'): void {
    const { variables } = this.#context;
    const played = this.#beats * FRAME_SAMPLES;
    const readInPieces = Math.ceil(played / READ_SAMPLES) * READ_SAMPLES;
    const read = Math.min(readInPieces, Math.max(0, sound.length - request.offset));
    variables.set('playback_last_offset_pos', String(request.offset + played));
    variables.set('playback_seconds', String(Math.floor(read / SAMPLE_RATE)));
    variables.set('playback_ms', String(Math.floor((read * 1_000) / SAMPLE_RATE)));
    variables.set('playback_samples', String(read));
    this.#emit('PLAYBACK_STOP', request, { 'Playback-Status': status });
  }

  #emit(name: string, { path }: SoundRequest, headers: Readonly<Record<string, string>> = {}): void {
    this.#context.emit(name, { 'Playback-File-Path': path, ...headers });
  }
}
