import { type Clock, sleep } from '@callweave/clock';
import { ContractError, parseContract, type RequestType } from '@callweave/contracts';
import { type Histogram, histogram, ignore, type Logger, SpanKind, withSpan } from '@callweave/telemetry';
import { headers, type NatsConnection, type Service, type ServiceMsg } from 'nats';
import { type z } from 'zod';
import { decode, encode } from './codec.ts';
import { BusUnavailableError, ConflictError } from './errors.ts';
import { type Exchange } from './exchange.ts';
import { type Faults } from './faults/faults.ts';
import {
  ATTEMPT_END_HEADER,
  DEADLINE_HEADER,
  INSTANCE_HEADER,
  OVERLOADED_TEXT,
  REPEATED_HEADER,
  shortName,
  traceOf,
} from './headers.ts';
import { answerDuration } from './metrics.ts';

/** What a handler knows about the question besides its data. */
export interface AskedContext {
  /** Time the asker still waits, ms. */
  readonly leftMs: number;
  /** Whether it was asked before, and another may have done what is asked for without the asker's knowing. */
  readonly isRepeated: boolean;
  /** Whether the asker, by his clock, still waits for this answer and has asked nobody else in the meantime. */
  readonly isAwaited: () => boolean;
}

/** A question type and the function that answers it. */
export interface Answer {
  readonly type: RequestType;
  readonly handle: (data: unknown, context: AskedContext) => Promise<unknown>;
}

/** Pairs a request with its handler; what the handler returns must satisfy the contract by its type. */
export function answer<P extends string, Q extends z.ZodType, R extends z.ZodType>(
  type: RequestType<P, Q, R>,
  handle: (data: z.output<Q>, context: AskedContext) => Promise<z.input<R>>,
): Answer {
  // The bus validates `data` against `type.request` before it calls the handler.
  return { type, handle: handle as Answer['handle'] };
}

/** Questions one service answers at the same time; more are refused at once. */
export const MAX_IN_FLIGHT = 512;
/** A question whose asker gave up this long ago is not worth the work; covers clocks that differ by a second. */
const LATE_GRACE_MS = 1_000;
/** An answer that leaves less than this before its asker turns to another may come too late. */
const ON_THE_WAY_MS = 50;
const DEFAULT_WAIT_MS = 5_000;
const QUEUE = 'q';
const UNSUBSCRIBE_MS = 1_000;

export interface ResponderOptions {
  readonly nc: NatsConnection;
  readonly exchange: Pick<Exchange, 'send'>;
  readonly name: string;
  readonly instance: string;
  readonly version: string;
  readonly answers: readonly Answer[];
  /** Answers only what is asked of this instance: the token `{instance}` of its questions. */
  readonly addressee?: string | undefined;
  /** Why this instance must not answer now; undefined when it may. */
  readonly notReady: () => string | undefined;
  readonly faults?: Pick<Faults, 'pass'> | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answers questions as a NATS micro service: once for the queue group, once under this instance's own name. */
export class Responder {
  readonly #options: ResponderOptions;
  readonly #duration: Histogram = histogram(answerDuration);
  #service: Service | undefined;
  #inFlight = 0;
  #whenIdle: (() => void)[] = [];

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { nc, name, instance, version, answers, addressee } = this.#options;
    const service = await nc.services.add({ name, version, queue: QUEUE, metadata: { instance } });
    this.#service = service;
    for (const { type, handle } of answers) {
      const operation = operationName(type.pattern);
      const handler = (_error: Error | null, message: ServiceMsg): void => void this.#receive(type, handle, message);
      if (addressee !== undefined) {
        service.addEndpoint(operation, { subject: type.subject({ instance: addressee }), queue: addressee, handler });
        continue;
      }
      service.addEndpoint(operation, { subject: type.filter, handler });
      service.addEndpoint(`${operation}-${instance}`, {
        subject: `${type.filter}.${instance}`,
        queue: instance,
        handler,
      });
    }
  }

  /** Takes no more questions and waits for the answers in hand. */
  async drain(): Promise<void> {
    // The server confirms the unsubscription; without a connection there is nobody to wait for.
    await Promise.race([this.#service?.stop(), sleep(this.#options.clock, UNSUBSCRIBE_MS)]);
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  async #receive(type: RequestType, handle: Answer['handle'], message: ServiceMsg): Promise<void> {
    const { clock, log } = this.#options;
    const deadline = Number(message.headers?.get(DEADLINE_HEADER) ?? '');
    const leftMs = deadline > 0 ? deadline - clock.epochMs() : DEFAULT_WAIT_MS;
    if (leftMs < -LATE_GRACE_MS) {
      log.warn('question.too-late', { request: type.pattern, lateMs: -leftMs });
      return;
    }
    const notReady = this.#inFlight >= MAX_IN_FLIGHT ? OVERLOADED_TEXT : this.#options.notReady();
    if (notReady !== undefined) {
      this.#refuse(message, 503, notReady);
      return;
    }
    this.#inFlight += 1;
    const started = clock.monotonicMs();
    const isRepeated = message.headers?.has(REPEATED_HEADER) ?? false;
    const attemptEnd = Number(message.headers?.get(ATTEMPT_END_HEADER) ?? '');
    const isAwaited = (): boolean => attemptEnd === 0 || clock.epochMs() < attemptEnd - ON_THE_WAY_MS;
    const context = { leftMs: Math.max(0, leftMs), isRepeated, isAwaited };
    const outcome = await this.#answer(type, handle, message, context);
    this.#duration.record((clock.monotonicMs() - started) / 1000, { request: type.pattern, outcome });
    this.#inFlight -= 1;
    if (this.#inFlight === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  async #answer(
    type: RequestType,
    handle: Answer['handle'],
    message: ServiceMsg,
    context: AskedContext,
  ): Promise<string> {
    const name = shortName(type.pattern);
    const attributes = { 'rpc.system': 'nats', 'rpc.service': type.service, 'rpc.method': name };
    const parent = traceOf(message.headers);
    try {
      const reply = await withSpan(name, { kind: SpanKind.SERVER, attributes, parent }, () =>
        handle(parseContract(type.pattern, type.request, decode(message.data)), context),
      );
      this.#options.faults?.pass('before-reply');
      this.#respond(message, encode(reply));
      return 'answered';
    } catch (error) {
      const status = statusOf(error);
      const level = status === 500 ? 'error' : 'warn';
      this.#options.log[level]('question.failed', { request: type.pattern, status, err: error });
      this.#refuse(message, status, error instanceof ContractError ? error.message : (codeOf(error) ?? 'failed'));
      return 'failed';
    }
  }

  #respond(message: ServiceMsg, payload: Uint8Array): void {
    const { reply } = message;
    if (reply === undefined || reply === '') return;
    this.#options.exchange.send(reply, payload, this.#headers(), (error) => {
      this.#options.log.error('answer.not-sent', { err: error });
      this.#refuse(message, 500, codeOf(error) ?? 'failed');
    });
  }

  #refuse(message: ServiceMsg, status: number, description: string): void {
    try {
      message.respondError(status, description.replace(/[\r\n]+/g, ' '), undefined, { headers: this.#headers() });
    } catch (error) {
      ignore(this.#options.log, error, 'the connection is closed: the asker turns to another instance');
    }
  }

  #headers(): ReturnType<typeof headers> {
    const hdrs = headers();
    hdrs.set(INSTANCE_HEADER, this.#options.instance);
    return hdrs;
  }
}

/** What the micro service calls this question: the words of its subject after the domain. */
function operationName(pattern: string): string {
  const words = pattern.split('.').slice(3);
  return words.filter((word) => !word.startsWith('{')).join('-') || 'ask';
}

function statusOf(error: unknown): number {
  if (error instanceof ContractError) return 400;
  return error instanceof BusUnavailableError || error instanceof ConflictError ? 503 : 500;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
