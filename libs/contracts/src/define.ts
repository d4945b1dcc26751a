import { type z } from 'zod';
import { ContractError, SubjectError } from './errors.ts';
import { MAX_SUBJECT_BYTES, subjectToken } from './subject-token.ts';

/** Token names in a pattern: `'registration.v1.{tenant}.added'` gives `'tenant'`. */
export type Tokens<P extends string> = P extends `${string}{${infer T}}${infer Rest}` ? T | Tokens<Rest> : never;

/** A value for each token of a pattern. */
export type TokenValues<P extends string> = Readonly<Record<Tokens<P>, string>>;

interface Pattern<P extends string> {
  readonly pattern: P;
  /** What a consumer binds to: every token a wildcard. */
  readonly filter: string;
  /** The subject or key for these tokens, escaped. */
  subject(tokens: TokenValues<P>): string;
}

/** A fact on JetStream; a CloudEvents 1.0 envelope whose `data` is `S`. */
export interface EventType<P extends string = string, S extends z.ZodType = z.ZodType> extends Pattern<P> {
  readonly kind: 'event';
  /** CloudEvents `type`: the subject without its tokens. */
  readonly type: string;
  readonly summary: string;
  readonly data: S;
  /** At most one is ever stored on its subject, whoever tells it and how often: the end of something. */
  readonly once: boolean;
}

/** A question with exactly one answer, asked of a queue group or of one instance by name. */
export interface RequestType<
  P extends string = string,
  Q extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> extends Pattern<P> {
  readonly kind: 'request';
  /** Name of the service that answers. */
  readonly service: string;
  readonly summary: string;
  readonly request: Q;
  readonly response: R;
  /** The same question to one instance by name. */
  instanceSubject(tokens: TokenValues<P>, instance: string): string;
}

/** A KV bucket whose keys follow one pattern. */
export interface BucketType<P extends string = string, S extends z.ZodType = z.ZodType> {
  readonly kind: 'bucket';
  readonly name: string;
  readonly summary: string;
  readonly pattern: P;
  readonly value: S;
  /** Age in seconds at which the server drops a record by itself; 0 keeps it. */
  readonly maxAgeSec: number;
  key(tokens: TokenValues<P>): string;
  /** Matches the keys with these tokens; a token that is not given is a wildcard. */
  keys(tokens: Partial<TokenValues<P>>): string;
}

/** A JetStream stream and the events it keeps. */
export interface StreamType {
  readonly kind: 'stream';
  readonly name: string;
  readonly summary: string;
  readonly events: readonly EventType[];
  /** The domains of its events (`callweave.registration.v1.>`), so that one consumer may read all kinds of an event. */
  readonly subjects: readonly string[];
  readonly maxAgeSec: number;
  readonly maxMessages: number;
}

/** Declares an event. Every token of the pattern becomes a required, escaped argument of `subject`. */
export function defineEvent<const P extends string, S extends z.ZodType>(
  pattern: P,
  { summary, data, once = false }: { summary: string; data: S; once?: boolean },
): EventType<P, S> {
  const type = pattern.replace(/\.\{\w+\}/g, '');
  return Object.freeze({
    kind: 'event',
    pattern,
    filter: wildcard(pattern),
    type,
    summary,
    data,
    once,
    ...builder(pattern),
  });
}

/** Declares a request; its subject begins with `callweave.rpc.`. */
export function defineRequest<const P extends string, Q extends z.ZodType, R extends z.ZodType>(
  pattern: P,
  { service, summary, request, response }: { service: string; summary: string; request: Q; response: R },
): RequestType<P, Q, R> {
  const { subject } = builder(pattern);
  return Object.freeze({
    kind: 'request',
    pattern,
    filter: wildcard(pattern),
    service,
    summary,
    request,
    response,
    subject,
    instanceSubject: (tokens: TokenValues<P>, instance: string) => `${subject(tokens)}.${subjectToken(instance)}`,
  });
}

/** Declares a KV bucket. */
export function defineBucket<const P extends string, S extends z.ZodType>(
  name: string,
  { summary, pattern, value, maxAgeSec = 0 }: { summary: string; pattern: P; value: S; maxAgeSec?: number },
): BucketType<P, S> {
  return Object.freeze({
    kind: 'bucket',
    name,
    summary,
    pattern,
    value,
    maxAgeSec,
    key: builder(pattern).subject,
    keys: (tokens: Partial<TokenValues<P>>) =>
      pattern.replace(/\{(\w+)\}/g, (_, name: Tokens<P>) => {
        const value = tokens[name];
        return value === undefined ? '*' : subjectToken(value);
      }),
  });
}

/** Declares a stream. */
export function defineStream(name: string, options: Omit<StreamType, 'kind' | 'name' | 'subjects'>): StreamType {
  const domains = options.events.map(({ pattern }) => `${pattern.slice(0, pattern.indexOf('{'))}>`);
  return Object.freeze({ kind: 'stream', name, subjects: [...new Set(domains)], ...options });
}

/** Checks `value` against `schema`; unknown keys are dropped. Throws `ContractError`. */
export function parseContract<S extends z.ZodType>(contract: string, schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ContractError(
    contract,
    result.error.issues.map((issue) => `${issue.path.join('.') || '(root)'} ${issue.code}`),
  );
}

function wildcard(pattern: string): string {
  return pattern.replace(/\{\w+\}/g, '*');
}

function builder<P extends string>(pattern: P): { subject: (tokens: TokenValues<P>) => string } {
  const parts = pattern.split(/[{}]/);
  return {
    subject: (tokens) => {
      let out = '';
      parts.forEach((part, index) => (out += index % 2 === 0 ? part : subjectToken(tokens[part as Tokens<P>])));
      if (out.length > MAX_SUBJECT_BYTES) throw new SubjectError(`${pattern}: ${String(out.length)} bytes`);
      return out;
    },
  };
}
