import { type Clock, sleep } from '@callweave/clock';
import { ContractError, type EventType, parseEvent, type CloudEvent } from '@callweave/contracts';
import { ignore, type Logger, SpanKind, withSpan } from '@callweave/telemetry';
import { type Consumer as NatsConsumer, type ConsumerMessages, type JsMsg } from 'nats';
import { type z } from 'zod';
import { decode } from './codec.ts';
import { type Connection } from './connection.ts';
import { shortName, traceOf } from './headers.ts';

/** What a handler makes of a fact: finished, again in a while, or never again. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly afterMs: number }
  | { readonly kind: 'reject'; readonly reason: string };

export const done: Outcome = { kind: 'done' };

/** Deliver it again after `afterMs`. */
export function retry(afterMs: number): Outcome {
  return { kind: 'retry', afterMs };
}

/** Never deliver it again. */
export function reject(reason: string): Outcome {
  return { kind: 'reject', reason };
}

/** A fact as its handler gets it; delivery is at least once, so handlers are idempotent. */
export type Told<S extends z.ZodType> = Omit<CloudEvent, 'data'> & {
  readonly data: z.output<S>;
  /** Deliveries of this fact so far, from 1. */
  readonly attempt: number;
};

/** An event type and what to do with each. */
export interface Handler {
  readonly type: EventType;
  readonly handle: (told: Told<z.ZodType>) => Promise<Outcome>;
}

/** Pairs an event with its handler; a throw means: again, after a while. */
export function handler<P extends string, S extends z.ZodType>(
  type: EventType<P, S>,
  handle: (told: Told<S>) => Promise<Outcome>,
): Handler {
  // `parseEvent` validates the data against `type.data` before the handler is called.
  return { type, handle: handle as Handler['handle'] };
}

const RETRY_MS = 1_000;
const REOPEN_MS = 500;
/** Longest a drain waits for what the server has sent. */
const ARRIVAL_MS = 1_000;
/** Facts fetched ahead; all of them must be handled within the server's ack wait of 30 s. */
const AHEAD = 25;
/** A fact in hand is announced as such, or the server would deliver it once more after its ack wait. */
const WORKING_MS = 10_000;

/** Feeds the facts of a durable consumer, which `provision` has made, to a handler, one at a time. */
export class Consumer {
  readonly #handler: Handler;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #messages: ConsumerMessages | undefined;
  /** Resolves when everything is here that the server sent before. */
  #arrived: () => Promise<void> = () => Promise.resolve();
  #running: Promise<void> = Promise.resolve();

  constructor(eventHandler: Handler, { clock, log }: { clock: Clock; log: Logger }) {
    this.#handler = eventHandler;
    this.#clock = clock;
    this.#log = log.child({ event: eventHandler.type.type });
  }

  async start(connection: Connection, stream: string, durable: string): Promise<void> {
    this.#arrived = () => connection.nc.flush();
    this.#running = this.#run(await connection.js.consumers.get(stream, durable));
  }

  /** Takes no more facts; the one in hand is finished, those fetched ahead go to another replica. */
  async drain(): Promise<void> {
    this.#stopping.abort();
    await this.#whatIsUnderWay();
    this.#messages?.stop();
    await this.#running;
  }

  /** What the server has sent is here; else it would be lost, and another replica get it only after the ack wait. */
  async #whatIsUnderWay(): Promise<void> {
    try {
      await Promise.race([this.#arrived(), sleep(this.#clock, ARRIVAL_MS)]);
    } catch (error) {
      ignore(this.#log, error, 'nothing comes any more');
    }
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Whatever ends the stream of facts, it is opened again until this consumer is drained. */
  async #run(consumer: NatsConsumer): Promise<void> {
    do {
      try {
        await this.#follow(consumer);
      } catch (error) {
        ignore(this.#log, error, 'the consumer is opened again');
      }
    } while (await this.#pause());
  }

  /** Waits a moment; false when it is time to stop. */
  async #pause(): Promise<boolean> {
    try {
      await sleep(this.#clock, REOPEN_MS, this.#stopping.signal);
      return true;
    } catch (error) {
      ignore(this.#log, error, 'the consumer is drained');
      return false;
    }
  }

  async #follow(consumer: NatsConsumer): Promise<void> {
    this.#messages = await consumer.consume({ max_messages: AHEAD });
    for await (const message of this.#messages) {
      // The client ends this loop itself, after what it had fetched; leaving it early would keep it from ever ending.
      if (this.#isStopping) message.nak();
      else await this.#deliver(message);
    }
  }

  async #deliver(message: JsMsg): Promise<void> {
    const working = this.#clock.every(WORKING_MS, () => message.working());
    const outcome = await this.#handle(message).finally(() => working.cancel());
    switch (outcome.kind) {
      case 'done':
        message.ack();
        break;
      case 'retry':
        message.nak(outcome.afterMs);
        break;
      case 'reject':
        this.#log.warn('fact.rejected', { reason: outcome.reason });
        message.term();
        break;
    }
  }

  async #handle(message: JsMsg): Promise<Outcome> {
    const { type, handle } = this.#handler;
    try {
      const event = parseEvent(type, decode(message.data));
      const attributes = {
        'messaging.system': 'nats',
        'messaging.operation.type': 'process',
        'messaging.destination.template': type.pattern,
        'messaging.message.id': event.id,
      };
      const parent = traceOf(message.headers);
      return await withSpan(`process ${shortName(type.pattern)}`, { kind: SpanKind.CONSUMER, attributes, parent }, () =>
        handle({ ...event, attempt: message.info.deliveryCount }),
      );
    } catch (error) {
      if (error instanceof ContractError) return reject(error.message);
      ignore(this.#log, error, 'the fact is delivered again');
      return retry(RETRY_MS);
    }
  }
}
