import { type Clock, type Timer } from '@callweave/clock';
import { FRAME_MS } from './frame.ts';

/** Someone who does something every 20 ms. */
export interface Paced {
  beat(): void;
}

export interface PacerDeps {
  readonly clock: Clock;
  /** Tells how many beats were left out. */
  readonly onSkipped: (beats: number) => void;
}

/** What was missed is made up for up to here; beyond it callers would hear it all at once. */
const MAX_CATCH_UP_BEATS = 10;

/** Gives everyone the beat, at 50 a second on average however late the timers are; rests while there is no one. */
export class Pacer {
  readonly #deps: PacerDeps;
  readonly #members = new Set<Paced>();
  #timer: Timer | undefined;
  #nextAt = 0;

  constructor(deps: PacerDeps) {
    this.#deps = deps;
  }

  add(member: Paced): void {
    this.#members.add(member);
    if (this.#timer !== undefined) return;
    this.#nextAt = this.#deps.clock.monotonicMs() + FRAME_MS;
    this.#schedule();
  }

  remove(member: Paced): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    const delayMs = Math.max(0, this.#nextAt - this.#deps.clock.monotonicMs());
    this.#timer = this.#deps.clock.after(delayMs, () => this.#onTimer());
  }

  #onTimer(): void {
    const now = this.#deps.clock.monotonicMs();
    const due = Math.floor((now - this.#nextAt) / FRAME_MS) + 1;
    const beats = Math.min(due, MAX_CATCH_UP_BEATS);
    if (due > beats) this.#deps.onSkipped(due - beats);
    this.#nextAt += due * FRAME_MS;
    for (let i = 0; i < beats; i++) for (const member of this.#members) member.beat();
    if (this.#members.size > 0) this.#schedule();
  }
}
