import { type Clock, sleep } from '@callweave/clock';
import { parseContract, type RequestType, type TokenValues } from '@callweave/contracts';
import { activeTrace, annotate, type Histogram, histogram, note, SpanKind, withSpan } from '@callweave/telemetry';
import { ErrorCode, type Msg, type MsgHdrs, NatsError, ServiceErrorCodeHeader, ServiceErrorHeader } from 'nats';
import { type z } from 'zod';
import { expBackoff } from './backoff.ts';
import { decode, encode } from './codec.ts';
import { NoAnswerError, RequestFailedError } from './errors.ts';
import {
  ATTEMPT_END_HEADER,
  DEADLINE_HEADER,
  INSTANCE_HEADER,
  OVERLOADED_TEXT,
  REPEATED_HEADER,
  shortName,
  tracedHeaders,
} from './headers.ts';
import { requestDuration } from './metrics.ts';
import { classifyNatsFailure } from './nats-failure.ts';

export interface AskOptions {
  /** The whole time the answer may take, retries included. */
  readonly deadlineMs: number;
  /** The time one instance is given before another is asked. */
  readonly attemptMs?: number;
  /** Ask this instance first, instead of the queue group, unless it left its last question unanswered. */
  readonly first?: string | undefined;
}

/** What the requester needs to know about the answering side. */
export interface Directory {
  candidates(service: string): string[];
  hasSuspect(service: string): boolean;
  isSuspect(instance: string): boolean;
  suspect(instance: string): void;
  suspectAll(service: string): void;
  trust(instance: string): void;
}

/** The part of a NATS connection that asks. */
export interface Asker {
  request(
    subject: string,
    payload: Uint8Array,
    options: { timeout: number; headers: MsgHdrs },
  ): Promise<Pick<Msg, 'data' | 'headers'>>;
}

interface AttemptLimits {
  readonly timeoutMs: number;
  /** Until the whole question is given up. */
  readonly leftMs: number;
  /** Whether somebody was asked before who may have done what is asked for. */
  readonly isRepeated: boolean;
}

const DEFAULT_ATTEMPT_MS = 400;
const MAX_ATTEMPT_MS = 2_000;
const OVERLOADED = 503;
const NO_RESPONDERS: string = ErrorCode.NoResponders;

/**
 * Asks questions. The first attempt goes to the queue group (or to the instance named); every retry goes to another
 * live instance by name, never to the group again, since the group may pick the dead one once more.
 */
export class Requester {
  readonly #nc: Asker;
  readonly #connected: (what: string) => Promise<void>;
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #duration: Histogram = histogram(requestDuration);
  #unanswered = 0;

  /** `connected` resolves when there is a connection, and throws `BusUnavailableError` when there is none. */
  constructor(deps: { nc: Asker; connected: (what: string) => Promise<void>; directory: Directory; clock: Clock }) {
    this.#nc = deps.nc;
    this.#connected = deps.connected;
    this.#directory = deps.directory;
    this.#clock = deps.clock;
  }

  /** Whether somebody is asked now. */
  get awaitsAnswers(): boolean {
    return this.#unanswered > 0;
  }

  /**
   * The answer to `data`. Throws `BusUnavailableError` without a connection that comes back at once, `NoAnswerError` after the
   * deadline, `RequestFailedError` when the service refuses, `ContractError` when the answer breaks its contract.
   */
  ask<P extends string, Q extends z.ZodType, R extends z.ZodType>(
    type: RequestType<P, Q, R>,
    tokens: TokenValues<P>,
    data: z.input<Q>,
    options: AskOptions,
  ): Promise<z.output<R>> {
    const name = shortName(type.pattern);
    const attributes = { 'rpc.system': 'nats', 'rpc.service': type.service, 'rpc.method': name };
    return withSpan(name, { kind: SpanKind.CLIENT, attributes }, async () => {
      const started = this.#clock.monotonicMs();
      try {
        return parseContract(type.pattern, type.response, decode(await this.#exchange(type, tokens, data, options)));
      } finally {
        this.#duration.record((this.#clock.monotonicMs() - started) / 1000, { request: type.pattern });
      }
    });
  }

  /**
   * Puts one question to whoever answers on its own subject, once: for questions that only one can answer. Throws
   * `BusUnavailableError` without a connection that comes back at once, `ContractError` when the answer breaks its contract.
   */
  async askOnce<P extends string, Q extends z.ZodType, R extends z.ZodType>(
    type: RequestType<P, Q, R>,
    tokens: TokenValues<P>,
    data: z.input<Q>,
    timeoutMs: number,
  ): Promise<AnswerOnce<z.output<R>>> {
    await this.#connected(type.pattern);
    const limits = { timeoutMs, leftMs: timeoutMs, isRepeated: false };
    const outcome = await this.#attempt(type.subject(tokens), encode(data), limits);
    if (outcome.kind !== 'answer') return { kind: outcome.kind };
    return { kind: 'answered', answer: parseContract(type.pattern, type.response, decode(outcome.data)) };
  }

  async #exchange<P extends string>(
    type: RequestType<P>,
    tokens: TokenValues<P>,
    data: unknown,
    { deadlineMs, attemptMs = DEFAULT_ATTEMPT_MS, first }: AskOptions,
  ): Promise<Uint8Array> {
    const end = this.#clock.monotonicMs() + deadlineMs;
    const payload = encode(data);
    const asked: string[] = [];
    const round = new Set<string>();
    let refusal: RequestFailedError | undefined;
    let isRepeated = false;
    let instance = first === undefined || this.#directory.isSuspect(first) ? this.#unsuspected(type.service) : first;
    for (let attempt = 0; ; attempt++) {
      const leftMs = end - this.#clock.monotonicMs();
      if (leftMs <= 0) throw refusal ?? new NoAnswerError(type.pattern, asked);
      await this.#connected(type.pattern);
      if (attempt === 0 || instance !== undefined) {
        if (instance !== undefined) {
          asked.push(instance);
          round.add(instance);
        }
        const subject = instance === undefined ? type.subject(tokens) : type.instanceSubject(tokens, instance);
        const timeoutMs = Math.min(leftMs, attemptMs * 2 ** attempt, Math.max(attemptMs, MAX_ATTEMPT_MS));
        const outcome = await this.#attempt(subject, payload, { timeoutMs, leftMs, isRepeated });
        // Whoever refuses has done nothing; whoever is silent may have done it all.
        isRepeated ||= outcome.kind === 'silent';
        if (outcome.kind === 'answer') return outcome.data;
        note('attempt failed', { outcome: outcome.kind, instance: instance ?? '' });
        if (outcome.kind === 'refused') {
          refusal = new RequestFailedError(type.pattern, outcome.status, outcome.description);
          round.add(outcome.by);
          if (outcome.status !== OVERLOADED) throw refusal;
        }
        if (instance !== undefined && outcome.kind !== 'refused') this.#directory.suspect(instance);
        else if (outcome.kind === 'silent') this.#directory.suspectAll(type.service);
      }
      instance = this.#directory.candidates(type.service).find((candidate) => !round.has(candidate));
      if (instance === undefined) {
        // Who is overloaded is not asked again; who cannot answer at this moment may a moment later.
        if (refusal?.description === OVERLOADED_TEXT) throw refusal;
        // Everybody known was asked: a moment later somebody may have come back or up.
        round.clear();
        const restMs = end - this.#clock.monotonicMs();
        if (restMs > 0) await sleep(this.#clock, Math.min(expBackoff(attempt, 50, 500), restMs));
      }
    }
  }

  /** While an instance is under suspicion the queue group would still pick it; another is asked by name then. */
  #unsuspected(service: string): string | undefined {
    return this.#directory.hasSuspect(service) ? this.#directory.candidates(service)[0] : undefined;
  }

  async #attempt(subject: string, payload: Uint8Array, limits: AttemptLimits): Promise<Outcome> {
    const { timeoutMs, leftMs, isRepeated } = limits;
    const headers = tracedHeaders(activeTrace());
    const epochMs = this.#clock.epochMs();
    headers.set(DEADLINE_HEADER, String(Math.ceil(epochMs + leftMs)));
    headers.set(ATTEMPT_END_HEADER, String(Math.floor(epochMs + timeoutMs)));
    if (isRepeated) headers.set(REPEATED_HEADER, '1');
    let reply: Pick<Msg, 'data' | 'headers'>;
    this.#unanswered += 1;
    try {
      reply = await this.#nc.request(subject, payload, { timeout: Math.max(1, timeoutMs), headers });
    } catch (error) {
      if (error instanceof NatsError && error.code === NO_RESPONDERS) return { kind: 'nobody' };
      if (classifyNatsFailure(error) === 'unavailable') return { kind: 'silent' };
      throw error;
    } finally {
      this.#unanswered -= 1;
    }
    const answeredBy = reply.headers?.get(INSTANCE_HEADER) ?? '';
    if (answeredBy !== '') {
      this.#directory.trust(answeredBy);
      annotate({ 'callweave.answered_by': answeredBy });
    }
    const code = reply.headers?.get(ServiceErrorCodeHeader) ?? '';
    if (code === '') return { kind: 'answer', data: reply.data };
    const status = Number(code);
    return { kind: 'refused', by: answeredBy, status, description: reply.headers?.get(ServiceErrorHeader) ?? '' };
  }
}

/** What became of a question that was put once. */
export type AnswerOnce<R> =
  | { readonly kind: 'answered'; readonly answer: R }
  /** Nobody listens, which is known at once. */
  | { readonly kind: 'nobody' }
  | { readonly kind: 'silent' }
  /** Somebody is there and cannot answer now. */
  | { readonly kind: 'refused' };

type Outcome =
  | { readonly kind: 'answer'; readonly data: Uint8Array }
  /** Nobody listens on the subject; the server says so at once. */
  | { readonly kind: 'nobody' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'refused'; readonly by: string; readonly status: number; readonly description: string };
