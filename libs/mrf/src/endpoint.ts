import { type Attributes, SpanKind, withStep } from '@callweave/telemetry';
import { SoundNotFoundError } from './errors.ts';
import { type FsmrfEndpoint } from './fsmrf.ts';
import { type Timers, within } from './timers.ts';

/** How long a media server has to hang up when asked. */
const DESTROY_MS = 2_000;

/** How long the BYE of a media server may be behind its event; after it, the media server is taken for dead. */
const BYE_MS = 1_000;

/** One party's sound on a media server. */
export class MediaEndpoint {
  readonly #endpoint: FsmrfEndpoint;
  readonly #timers: Timers;
  /** Ends its call by SIP, if it is not over by then. */
  readonly #hangUp: () => void;
  readonly #listeners: ((reason: string | undefined) => void)[] = [];
  #isGone = false;
  /** How the media server left. */
  #left: { readonly reason: string | undefined } | undefined;

  constructor(endpoint: FsmrfEndpoint, timers: Timers) {
    this.#endpoint = endpoint;
    this.#timers = timers;
    const { dialog } = endpoint;
    this.#hangUp = () => dialog.destroy();
    endpoint.on('destroy', (event) => this.#gone(event?.reason));
  }

  /** Whether it is over. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** The media server's name for it. */
  get uuid(): string {
    return this.#endpoint.uuid;
  }

  /** The description the other party is to be given. */
  get localSdp(): string {
    return this.#endpoint.local.sdp;
  }

  /** Plays sounds one after the other, to their end. Rejects with `SoundNotFoundError`. */
  async play(...sounds: readonly string[]): Promise<{ readonly playedMs: number }> {
    try {
      const { playbackMilliseconds } = await this.#step('play', {}, () => this.#endpoint.play(sounds));
      return { playedMs: Number(playbackMilliseconds) };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new SoundNotFoundError(sounds.join(' '), { cause: error });
    }
  }

  /** Runs an application of the media server until it is done or the call is over. */
  async execute(application: string, argument = ''): Promise<void> {
    await this.#step('execute', { 'esl.application': application }, () =>
      this.#endpoint.execute(application, argument),
    );
  }

  /** Takes up the other party's new description; resolves with ours. */
  async modify(sdp: string): Promise<string> {
    await this.#step('modify', {}, () => this.#endpoint.modify(sdp));
    return this.#endpoint.local.sdp;
  }

  /** Calls back when the media server ends it, with its cause, or is gone itself, without one; not after `destroy`. */
  onGone(listener: (reason: string | undefined) => void): void {
    if (this.#left === undefined) this.#listeners.push(listener);
    else listener(this.#left.reason);
  }

  /** Its media server is silent: whoever listens is told what one that died would not tell. */
  abandon(): void {
    this.#gone(undefined);
    this.#endpoint.conn?.disconnect();
  }

  #gone(reason: string | undefined): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#left = { reason };
    this.#timers.after(BYE_MS, this.#hangUp);
    for (const listener of this.#listeners) listener(reason);
  }

  /** Releases it; resolves when the media server has, or after two seconds. */
  async destroy(): Promise<void> {
    if (this.#isGone || !this.#endpoint.connected) return;
    this.#isGone = true;
    try {
      await this.#step('hangup', {}, () =>
        within(this.#timers, DESTROY_MS, this.#endpoint.destroy(), () => new DestroyTimeout()),
      );
    } finally {
      this.#hangUp();
    }
  }

  #step<T>(command: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
    const options = { kind: SpanKind.CLIENT, attributes: { 'esl.uuid': this.uuid, ...attributes } };
    return withStep(`esl ${command}`, options, work);
  }
}

/** The media server did not hang up in time. */
class DestroyTimeout extends Error {
  readonly code = 'ENDPOINT_DESTROY_TIMEOUT';
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.message === 'File Not Found';
}
