import { type Clock, type Timer } from '@callweave/clock';

const BEAT_MS = 1_000;
/** An engine that stands still this many beats is given up: longer than it may pause, shorter than phones repeat. */
const MAX_MISSED = 4;

export interface PulseDeps {
  /** Puts a question that a live engine answers at once. */
  readonly ask: (answered: () => void) => void;
  /** Nothing has been heard for too long. */
  readonly silent: () => void;
  /** Something has been heard again. */
  readonly back: () => void;
  readonly clock: Clock;
}

/**
 * Whether the engine at the other end of a connection is alive: one that is frozen keeps its connection. Beats are
 * counted, not time, so that whoever stood still itself calls nobody dead.
 */
export class Pulse {
  readonly #deps: PulseDeps;
  #timer: Timer | undefined;
  #heard = true;
  #missed = 0;
  #silent = false;

  constructor(deps: PulseDeps) {
    this.#deps = deps;
  }

  /** Feels it from now on, on a connection that has just been made. */
  start(): void {
    this.stop();
    this.#timer = this.#deps.clock.every(BEAT_MS, () => this.#beat());
  }

  /** The connection is gone, and with it whatever was to be heard. */
  stop(): void {
    this.#timer?.cancel();
    this.#heard = true;
    this.#missed = 0;
    this.#silent = false;
  }

  /** A sign of life. */
  heard(): void {
    this.#heard = true;
    this.#missed = 0;
    if (!this.#silent) return;
    this.#silent = false;
    this.#deps.back();
  }

  #beat(): void {
    if (!this.#heard) {
      this.#missed++;
      if (this.#missed === MAX_MISSED) {
        this.#silent = true;
        this.#deps.silent();
      }
      // One question is enough for an engine that has not answered it.
      if (this.#missed > 1) return;
      this.#deps.ask(() => this.heard());
    }
    this.#heard = false;
  }
}
