import {
  CloudEvent,
  ContractError,
  type EventType,
  parseContract,
  parseEvent,
  type StreamType,
  streams,
  subjectToken,
  type TokenValues,
} from '@callweave/contracts';
import { type JsMsg } from 'nats';
import { type z } from 'zod';
import { decode } from './codec.ts';
import { type Connection } from './connection.ts';
import { toBusError } from './nats-failure.ts';

export interface StoredFactsOptions<P extends string> {
  /** Only facts about these; whatever is not given is any. */
  readonly tokens?: Partial<TokenValues<P>>;
  /** Only what was stored since, epoch ms. */
  readonly sinceMs?: number;
}

export interface KeptFactsOptions {
  /** Only facts about these, by the names of their tokens; whatever is not given is any. */
  readonly tokens?: Readonly<Record<string, string>>;
  /** Only what was stored since, epoch ms. */
  readonly sinceMs?: number;
  /** Only what was stored until then, epoch ms. */
  readonly untilMs?: number;
}

/** A fact of any type as its stream keeps it; `broken` is one that no reader of its contract can read. */
export type KeptFact = {
  readonly subject: string;
  /** By the server's clock, epoch ms. */ readonly storedAtMs: number;
} & ({ readonly kind: 'fact'; readonly event: CloudEvent } | { readonly kind: 'broken'; readonly why: string });

/** Facts fetched at a time. */
const PAGE = 500;
/** A page that is not complete by then holds fewer facts than were announced: some have been dropped meanwhile. */
const PAGE_MS = 5_000;

/** The facts of a type that are stored now, oldest first; what is told meanwhile is left out. */
export async function* storedFacts<P extends string, S extends z.ZodType>(
  { js }: Pick<Connection, 'js'>,
  type: EventType<P, S>,
  { tokens = {}, sinceMs = 0 }: StoredFactsOptions<P>,
): AsyncGenerator<CloudEvent & { readonly data: z.output<S> }> {
  const stream = streams.find(({ events }) => events.some((event) => event.type === type.type));
  if (stream === undefined) throw new Error(`no stream keeps ${type.type}`);
  const messages = storedMessages({ js }, stream, filterOf(type.pattern, tokens), sinceMs);
  for await (const message of messages) yield parseEvent(type, decode(message.data));
}

/**
 * All that a stream keeps now, facts of every type in the order in which they were stored, a page in memory at a time;
 * what is told meanwhile is left out. Throws `BusUnavailableError`.
 */
export async function* keptFacts(
  { js }: Pick<Connection, 'js'>,
  stream: StreamType,
  { tokens = {}, sinceMs = 0, untilMs = Infinity }: KeptFactsOptions,
): AsyncGenerator<KeptFact> {
  const types = new Map(stream.events.map((type) => [type.type, type]));
  // A server before 2.10 takes one filter only.
  const [filter, another] = new Set(stream.events.map(({ pattern }) => filterOf(ofAnyKind(pattern), tokens)));
  if (filter === undefined || another !== undefined) throw new Error(`${stream.name} keeps facts about several things`);
  try {
    for await (const message of storedMessages({ js }, stream, filter, sinceMs)) {
      const storedAtMs = message.info.timestampNanos / 1e6;
      if (storedAtMs > untilMs) return;
      yield { subject: message.subject, storedAtMs, ...read(message.data, types) };
    }
  } catch (error) {
    throw toBusError(error, `${stream.name}: read`);
  }
}

/** Since when a stream keeps what it was told, epoch ms; undefined when it keeps nothing. Throws `BusUnavailableError`. */
export async function keptSince({ jsm }: Pick<Connection, 'jsm'>, { name }: StreamType): Promise<number | undefined> {
  try {
    const { state } = await jsm.streams.info(name);
    return state.messages === 0 ? undefined : Date.parse(state.first_ts);
  } catch (error) {
    throw toBusError(error, `${name}: look`);
  }
}

async function* storedMessages(
  { js }: Pick<Connection, 'js'>,
  stream: StreamType,
  filterSubjects: string,
  sinceMs: number,
): AsyncGenerator<JsMsg> {
  const consumer = await js.consumers.get(stream.name, {
    filterSubjects,
    opt_start_time: new Date(sinceMs).toISOString(),
  });
  let left = (await consumer.info(true)).num_pending;
  while (left > 0) {
    // A page is taken in whole: what comes while its reader does something else, the client's iterator may lose.
    const page: JsMsg[] = [];
    for await (const message of await consumer.fetch({ max_messages: Math.min(left, PAGE), expires: PAGE_MS })) {
      page.push(message);
    }
    if (page.length === 0) return;
    left -= page.length;
    yield* page;
  }
}

function filterOf(pattern: string, tokens: Readonly<Record<string, string | undefined>>): string {
  const known = new Map(Object.entries(tokens));
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = known.get(name);
    return value === undefined ? '*' : subjectToken(value);
  });
}

/** A pattern ends in what happened. */
function ofAnyKind(pattern: string): string {
  return `${pattern.slice(0, pattern.lastIndexOf('.'))}.*`;
}

function read(
  payload: Uint8Array,
  types: ReadonlyMap<string, EventType>,
): { readonly kind: 'fact'; readonly event: CloudEvent } | { readonly kind: 'broken'; readonly why: string } {
  try {
    const event = parseContract('fact', CloudEvent, decode(payload));
    const type = types.get(event.type);
    return type === undefined
      ? { kind: 'broken', why: `no fact is called ${event.type}` }
      : { kind: 'fact', event: { ...event, data: parseContract(type.type, type.data, event.data) } };
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return { kind: 'broken', why: error.message };
  }
}
