import { type Clock } from '@callweave/clock';

/** What `work` comes to, or the error of `late` when it takes longer than `deadlineMs`. */
export function within<T>(clock: Clock, deadlineMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(deadlineMs, () => reject(late()));
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
