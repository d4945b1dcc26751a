import { type Connection } from '@callweave/bus';

/** How a stream is set up and what it holds. */
export type StreamFacts = Awaited<ReturnType<Connection['jsm']['streams']['info']>>;

/** Streams by their names, those of buckets included. */
export async function readStreams({ jsm }: Connection, names: readonly string[]): Promise<Map<string, StreamFacts>> {
  return new Map(await Promise.all(names.map(async (name) => [name, await jsm.streams.info(name)] as const)));
}
