import {
  type CloudEvent,
  type EventType,
  parseEvent,
  streams,
  subjectToken,
  type TokenValues,
} from '@callweave/contracts';
import { type z } from 'zod';
import { decode } from './codec.ts';
import { type Connection } from './connection.ts';

export interface StoredFactsOptions<P extends string> {
  /** Only facts about these; whatever is not given is any. */
  readonly tokens?: Partial<TokenValues<P>>;
  /** Only what was stored since, epoch ms. */
  readonly sinceMs?: number;
}

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
  const known = new Map(Object.entries<string | undefined>(tokens));
  const filterSubjects = type.pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = known.get(name);
    return value === undefined ? '*' : subjectToken(value);
  });
  const consumer = await js.consumers.get(stream.name, {
    filterSubjects,
    opt_start_time: new Date(sinceMs).toISOString(),
  });
  let left = (await consumer.info(true)).num_pending;
  while (left > 0) {
    const before = left;
    for await (const message of await consumer.fetch({ max_messages: Math.min(left, PAGE), expires: PAGE_MS })) {
      left -= 1;
      yield parseEvent(type, decode(message.data));
    }
    if (left === before) return;
  }
}
