import { type Clock } from '@callweave/clock';
import { type Logger } from '@callweave/telemetry';

/** What a service gives back once it runs. */
export interface RunningService {
  /** Why the service cannot take work now; undefined when it can. */
  readonly notReady: () => string | undefined;
  /** Takes no new work and finishes the work in hand. */
  readonly drain: () => Promise<void>;
  /** Releases everything. */
  readonly stop: () => Promise<void>;
}

export type LifeState = 'starting' | 'ready' | 'draining' | 'stopped';

/** The life of a process: starting → ready → draining → stopped, each change logged. */
export class Life {
  #state: LifeState = 'starting';
  #running: RunningService | undefined;
  readonly #log: Logger;
  readonly #clock: Clock;

  constructor({ log, clock }: { log: Logger; clock: Clock }) {
    this.#log = log;
    this.#clock = clock;
  }

  get state(): LifeState {
    return this.#state;
  }

  started(running: RunningService): void {
    this.#running = running;
    this.#enter('ready');
  }

  /** Why this process takes no work; undefined when it does. */
  notReady(): string | undefined {
    return this.#state === 'ready' ? this.#running?.notReady() : this.#state;
  }

  /** Drains for at most `deadlineMs`, then stops whatever is left. */
  async shutDown(deadlineMs: number): Promise<void> {
    if (this.#state === 'draining' || this.#state === 'stopped') return;
    const running = this.#running;
    this.#enter('draining');
    if (running !== undefined) {
      if (!(await this.#within(deadlineMs, running.drain()))) this.#log.warn('drain.deadline', { deadlineMs });
      await running.stop();
    }
    this.#enter('stopped');
  }

  #within(deadlineMs: number, work: Promise<void>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(deadlineMs, () => resolve(false));
      work.then(() => {
        timer.cancel();
        resolve(true);
      }, reject);
    });
  }

  #enter(state: LifeState): void {
    this.#log.info('service.state', { from: this.#state, to: state });
    this.#state = state;
  }
}
