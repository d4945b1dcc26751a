import { CloudEvent } from '@callweave/contracts';
import { decode } from './codec.ts';
import { type Connection } from './connection.ts';

/** A fact as it stands in its stream. */
export interface StoredFact {
  readonly subject: string;
  readonly event: CloudEvent;
}

/** Everything a stream holds now under `filter`, in order. For tests and audits, not for services. */
export async function readFacts({ js, jsm }: Connection, stream: string, filter: string): Promise<StoredFact[]> {
  const info = await jsm.streams.info(stream, { subjects_filter: filter });
  const total = Object.values(info.state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
  const facts: StoredFact[] = [];
  if (total === 0) return facts;
  const consumer = await js.consumers.get(stream, { filterSubjects: filter });
  for await (const message of await consumer.consume()) {
    facts.push({ subject: message.subject, event: CloudEvent.parse(decode(message.data)) });
    if (facts.length === total) break;
  }
  return facts;
}
