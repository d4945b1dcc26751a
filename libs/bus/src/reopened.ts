import { type Clock, type Timer } from '@callweave/clock';
import { ignore, type Logger } from '@callweave/telemetry';
import { type Connection } from './connection.ts';

const REOPEN_MS = 500;

/** One time that something is open. */
export class Opening {
  readonly #closers: (() => void)[] = [];
  #isOver = false;

  isOver(): boolean {
    return this.#isOver;
  }

  /** Has `close` called when this is over: later, or now if it is over already. */
  onOver(close: () => void): void {
    if (this.#isOver) close();
    else this.#closers.push(close);
  }

  end(): void {
    this.#isOver = true;
    for (const close of this.#closers.splice(0)) close();
  }
}

/**
 * Keeps open what ends by itself: opens it again after a lost connection, a failure or its end, until stopped. `open`
 * lives as long as what it opened and gives up when its `Opening` is over.
 */
export class Reopened {
  readonly #open: (opening: Opening) => Promise<void>;
  readonly #clock: Clock;
  readonly #log: Logger;
  #opening = new Opening();
  #retry: Timer | undefined;
  #stopped = false;

  constructor(
    open: (opening: Opening) => Promise<void>,
    { connection, clock, log }: { connection: Connection; clock: Clock; log: Logger },
  ) {
    this.#open = open;
    this.#clock = clock;
    this.#log = log;
    connection.onReconnect(() => void this.reopen());
    void this.reopen();
  }

  /** Ends what is open and opens it anew. */
  async reopen(): Promise<void> {
    this.#close();
    if (this.#stopped) return;
    const opening = (this.#opening = new Opening());
    try {
      await this.#open(opening);
    } catch (error) {
      ignore(this.#log, error, 'it is opened again');
    }
    if (!opening.isOver()) this.#retry = this.#clock.after(REOPEN_MS, () => void this.reopen());
  }

  stop(): void {
    this.#stopped = true;
    this.#close();
  }

  #close(): void {
    this.#retry?.cancel();
    this.#opening.end();
  }
}
