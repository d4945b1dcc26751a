/** The part of a clock that is used here. */
export interface Timers {
  after(delayMs: number, action: () => void): { cancel(): void };
}

/** Settles as `work` does, or with `late()` when it takes longer than `limitMs`. */
export function within<T>(timers: Timers, limitMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = timers.after(limitMs, () => reject(late()));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
