import { type TimerWheel, WheelTimer, type WheelUser } from './wheel.ts';

/** state × input → next state, then actions in order. An absent input is ignored in that state. */
export type Table<S extends string, I extends string, A extends string> = {
  readonly [state in S]: { readonly [input in I]?: readonly [next: S, ...actions: A[]] };
};

/** What every transaction's machine shares: timers that are inputs, and one end that releases them. */
export abstract class Machine<T extends string> implements WheelUser<T> {
  readonly #wheel: TimerWheel;
  readonly #running: WheelTimer<T>[] = [];

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  abstract onTimer(name: T): void;

  protected start(name: T, delayMs: number): void {
    this.stop(name);
    const timer = new WheelTimer(this, name);
    this.#running.push(timer);
    this.#wheel.start(timer, delayMs);
  }

  protected stop(...names: readonly T[]): void {
    for (const name of names) {
      const at = this.#running.findIndex((timer) => timer.name === name);
      const timer = this.#running[at];
      if (timer === undefined) continue;
      this.#wheel.stop(timer);
      this.#running.splice(at, 1);
    }
  }

  protected stopAll(): void {
    for (const timer of this.#running) this.#wheel.stop(timer);
    this.#running.length = 0;
  }
}
