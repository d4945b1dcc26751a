import { type Clock } from '@callweave/clock';
import { type BucketType, parseContract } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { type KvEntry, type QueuedIterator } from 'nats';
import { type z } from 'zod';
import { decode } from './codec.ts';
import { type Connection } from './connection.ts';
import { type Opening, Reopened } from './reopened.ts';

/** What a watcher is told: each record's last value first, then every change. */
export interface WatchHandler<V> {
  /** A record is there or changed. */
  readonly onRecord: (key: string, value: V, revision: number) => void;
  /** All records that existed when the watch (re-)opened have been told. */
  readonly onCurrent?: () => void;
}

/** A watch that re-opens itself after a lost connection, a missed heartbeat or an election, until stopped. */
export class Watch<S extends z.ZodType> {
  readonly #type: BucketType<string, S>;
  readonly #filter: string;
  readonly #connection: Connection;
  readonly #log: Logger;
  readonly #handler: WatchHandler<z.output<S>>;
  readonly #reopened: Reopened;
  #current = false;

  constructor(
    {
      type,
      filter = '>',
      handler,
    }: { type: BucketType<string, S>; filter?: string; handler: WatchHandler<z.output<S>> },
    { connection, clock, log }: { connection: Connection; clock: Clock; log: Logger },
  ) {
    this.#type = type;
    this.#filter = filter;
    this.#handler = handler;
    this.#connection = connection;
    this.#log = log.child({ bucket: type.name });
    this.#reopened = new Reopened((opening) => this.#open(opening), { connection, clock, log: this.#log });
  }

  /** Whether everything that is stored has been told since the watch was last opened. */
  get isCurrent(): boolean {
    return this.#current;
  }

  stop(): void {
    this.#reopened.stop();
  }

  async #open(opening: Opening): Promise<void> {
    opening.onOver(() => (this.#current = false));
    const kv = await this.#connection.js.views.kv(this.#type.name, { bindOnly: true, allow_direct: true });
    const initial = { isHandedOut: false, early: false };
    const iterator = await kv.watch({
      key: this.#filter,
      initializedFn: () => {
        // Called before the watch is handed out, the first records still wait in its queue.
        if (!initial.isHandedOut) initial.early = true;
        else if (!opening.isOver()) this.#becomeCurrent();
      },
    });
    initial.isHandedOut = true;
    opening.onOver(() => iterator.stop());
    if (!opening.isOver()) await this.#follow(iterator, opening, initial.early ? iterator.getReceived() : Infinity);
  }

  async #follow(iterator: QueuedIterator<KvEntry>, opening: Opening, waiting: number): Promise<void> {
    if (waiting === 0) this.#becomeCurrent();
    for await (const entry of iterator) {
      if (opening.isOver()) return;
      if (entry.operation === 'PUT') this.#tell(entry);
      waiting -= 1;
      if (waiting === 0) this.#becomeCurrent();
    }
  }

  #tell(entry: KvEntry): void {
    try {
      const value = parseContract(`bucket ${this.#type.name}`, this.#type.value, decode(entry.value));
      this.#handler.onRecord(entry.key, value, entry.revision);
    } catch (error) {
      this.#log.error('watch.bad-record', { key: entry.key, err: error });
    }
  }

  #becomeCurrent(): void {
    this.#current = true;
    this.#handler.onCurrent?.();
  }
}
