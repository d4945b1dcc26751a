import { type Clock, type Timer } from '@callweave/clock';
import { type CloudEvent, type EventType, parseEvent, type StreamType } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { type JsMsg } from 'nats';
import { type z } from 'zod';
import { decode } from './codec.ts';
import { type Connection } from './connection.ts';
import { type Opening, Reopened } from './reopened.ts';

/** A fact and its place in its stream. */
export type Placed<S extends z.ZodType> = Omit<CloudEvent, 'data'> & {
  readonly data: z.output<S>;
  /** Sequence number in the stream. */
  readonly position: number;
};

/** An event type and what to do with each. */
export interface FactHandler {
  readonly type: EventType;
  readonly handle: (fact: Placed<z.ZodType>) => void;
}

/** Pairs an event with what is done with it; must not throw. */
export function onFact<P extends string, S extends z.ZodType>(
  type: EventType<P, S>,
  handle: (fact: Placed<S>) => void,
): FactHandler {
  // `parseEvent` validates the data against `type.data` before the handler is called.
  return { type, handle: handle as FactHandler['handle'] };
}

export interface FollowOptions {
  readonly stream: StreamType;
  /** Facts of other types are passed over. */
  readonly facts: readonly FactHandler[];
  /** How far back the first fact may lie, s. */
  readonly lookBackSec: number;
  /**
   * Awaited before the first fact, and again after facts were lost (the stream kept too few, or was made anew):
   * what was learnt from facts is learnt anew. `position` is the place before the first fact that will be told.
   */
  readonly onRestart: (position: number) => void | Promise<void>;
}

/** Facts fetched ahead. */
const AHEAD = 200;
/** A stream that is elsewhere while nothing was told for this long is opened again, whatever its consumer believes. */
const LOOK_EVERY_MS = 5_000;

/** Reads a stream as it grows, in its order and each fact once, over lost connections and elections, until stopped. */
export class Follower {
  readonly #options: FollowOptions;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #handlers: ReadonlyMap<string, FactHandler>;
  readonly #look: Timer;
  readonly #reopened: Reopened;
  #position: number | undefined;
  #seenPosition: number | undefined;
  #isReading = false;
  #current = false;

  constructor(
    options: FollowOptions,
    { connection, clock, log }: { connection: Connection; clock: Clock; log: Logger },
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#clock = clock;
    this.#log = log.child({ stream: options.stream.name });
    this.#handlers = new Map(options.facts.map((handler) => [handler.type.type, handler]));
    this.#look = clock.every(LOOK_EVERY_MS, () => void this.#lookForStall());
    this.#reopened = new Reopened((opening) => this.#follow(opening), { connection, clock, log: this.#log });
  }

  /** Whether everything that was stored when the stream was last opened has been told. */
  get isCurrent(): boolean {
    return this.#current;
  }

  stop(): void {
    this.#look.cancel();
    this.#reopened.stop();
  }

  async #follow(opening: Opening): Promise<void> {
    const { stream, lookBackSec, onRestart } = this.#options;
    if (await this.#hasLostFacts()) this.#position = undefined;
    const start =
      this.#position === undefined
        ? { opt_start_time: new Date(this.#clock.epochMs() - lookBackSec * 1_000).toISOString() }
        : { opt_start_seq: this.#position + 1 };
    const consumer = await this.#connection.js.consumers.get(stream.name, start);
    const { num_pending, delivered } = await consumer.info(true);
    if (this.#position === undefined) await onRestart(delivered.stream_seq);
    const messages = await consumer.consume({ max_messages: AHEAD });
    opening.onOver(() => messages.stop());
    if (opening.isOver()) return;
    opening.onOver(() => {
      this.#isReading = false;
      this.#current = false;
    });
    this.#position ??= delivered.stream_seq;
    this.#isReading = true;
    this.#current = num_pending === 0;
    let waiting = num_pending;
    for await (const message of messages) {
      if (opening.isOver()) return;
      this.#position = message.seq;
      this.#tell(message);
      waiting -= 1;
      if (waiting === 0) this.#current = true;
    }
  }

  async #hasLostFacts(): Promise<boolean> {
    const { state } = await this.#connection.jsm.streams.info(this.#options.stream.name);
    const position = this.#position;
    if (position === undefined) return true;
    const first = state.messages === 0 ? state.last_seq + 1 : state.first_seq;
    return state.last_seq < position || first > position + 1;
  }

  #tell(message: JsMsg): void {
    try {
      const payload = decode(message.data);
      const handler = this.#handlers.get(typeOf(payload));
      if (handler !== undefined) handler.handle({ ...parseEvent(handler.type, payload), position: message.seq });
    } catch (error) {
      this.#log.error('follower.bad-fact', { position: message.seq, err: error });
    }
  }

  async #lookForStall(): Promise<void> {
    if (!this.#isReading || !this.#connection.isConnected()) return;
    try {
      const position = this.#position ?? 0;
      const isStill = position === this.#seenPosition;
      this.#seenPosition = position;
      if (!isStill) return;
      const { state } = await this.#connection.jsm.streams.info(this.#options.stream.name);
      if (state.last_seq === position || position !== this.#position) return;
      this.#log.warn('follower.stalled', { position, last: state.last_seq });
      await this.#reopened.reopen();
    } catch (error) {
      ignore(this.#log, error, 'looked at again a moment later');
    }
  }
}

function typeOf(payload: unknown): string {
  const type = typeof payload === 'object' && payload !== null && 'type' in payload ? payload.type : undefined;
  return typeof type === 'string' ? type : '';
}
