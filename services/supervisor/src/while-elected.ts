import { BusUnavailableError } from '@callweave/bus';
import { type Clock, sleep } from '@callweave/clock';

const RETRY_MS = 500;

/** Does `step`, and again while the bus is elected anew, for `forMs` at most: a cluster has a leader within seconds. */
export async function whileElected<T>(clock: Clock, forMs: number, step: () => Promise<T>): Promise<T> {
  const untilMs = clock.monotonicMs() + forMs;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof BusUnavailableError) || clock.monotonicMs() + RETRY_MS > untilMs) throw error;
    }
    await sleep(clock, RETRY_MS);
  }
}
