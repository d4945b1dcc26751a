import { type Clock, type Timer } from '@callweave/clock';
import { type BucketType, parseContract } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { type KvEntry, type QueuedIterator } from 'nats';
import { type z } from 'zod';
import { decode } from './codec.ts';
import { type Connection } from './connection.ts';

/** What a watcher is told: each record's last value first, then every change. */
export interface WatchHandler<V> {
  /** A record is there or changed. */
  readonly onRecord: (key: string, value: V, revision: number) => void;
  /** All records that existed when the watch (re-)opened have been told. */
  readonly onCurrent?: () => void;
}

const REOPEN_MS = 500;

/** A watch that re-opens itself after a lost connection, a missed heartbeat or an election, until stopped. */
export class Watch<S extends z.ZodType> {
  readonly #type: BucketType<string, S>;
  readonly #filter: string;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #handler: WatchHandler<z.output<S>>;
  #iterator: QueuedIterator<KvEntry> | undefined;
  #generation = 0;
  #retry: Timer | undefined;
  #stopped = false;
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
    this.#clock = clock;
    this.#log = log.child({ bucket: type.name });
    connection.onReconnect(() => void this.#open());
    void this.#open();
  }

  /** Whether everything that is stored has been told since the watch was last opened. */
  get isCurrent(): boolean {
    return this.#current;
  }

  stop(): void {
    this.#stopped = true;
    this.#close();
  }

  #close(): void {
    this.#generation += 1;
    this.#current = false;
    this.#retry?.cancel();
    this.#iterator?.stop();
    this.#iterator = undefined;
  }

  async #open(): Promise<void> {
    this.#close();
    if (this.#stopped) return;
    const generation = this.#generation;
    try {
      const kv = await this.#connection.js.views.kv(this.#type.name, { bindOnly: true, allow_direct: true });
      const initial = { early: false };
      const iterator = await kv.watch({
        key: this.#filter,
        initializedFn: () => {
          // Called before the watch is handed out, the first records still wait in its queue.
          if (this.#iterator === undefined) initial.early = true;
          else if (generation === this.#generation) this.#becomeCurrent();
        },
      });
      if (generation !== this.#generation) {
        iterator.stop();
        return;
      }
      this.#iterator = iterator;
      await this.#follow(iterator, generation, initial.early ? iterator.getReceived() : Infinity);
    } catch (error) {
      ignore(this.#log, error, 'the watch is re-opened');
    }
    if (generation === this.#generation) this.#retry = this.#clock.after(REOPEN_MS, () => void this.#open());
  }

  async #follow(iterator: QueuedIterator<KvEntry>, generation: number, waiting: number): Promise<void> {
    if (waiting === 0) this.#becomeCurrent();
    for await (const entry of iterator) {
      if (generation !== this.#generation) return;
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
