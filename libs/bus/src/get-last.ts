import { type JetStreamManager, NatsError } from 'nats';
import { type Exchange } from './exchange.ts';
import { classifyNatsFailure } from './nats-failure.ts';

/** The last message of a subject as the stream keeps it. */
export interface Stored {
  readonly data: Uint8Array;
  readonly sequence: number;
  /** The server's clock when it stored the message, epoch ms. */
  readonly storedAtMs: number;
}

/** How long a replica is waited for. */
export const READ_MS = 2_000;
const NOT_FOUND = 404;

/** Reads from any replica of the stream (`allow_direct`): survives the loss of the leader, may lag by a moment. */
export async function getDirect(
  exchange: Pick<Exchange, 'request'>,
  stream: string,
  subject: string,
  timeoutMs = READ_MS,
): Promise<Stored | undefined> {
  const reply = await exchange.request(`$JS.API.DIRECT.GET.${stream}.${subject}`, undefined, { timeout: timeoutMs });
  const { headers, data } = reply;
  if (headers === undefined) throw new NatsError('direct get without headers', '500');
  if (headers.code === NOT_FOUND) return undefined;
  if (headers.code >= 300) throw new NatsError(headers.description, String(headers.code));
  return {
    data,
    sequence: Number(headers.get('Nats-Sequence')),
    storedAtMs: Date.parse(headers.get('Nats-Time-Stamp')),
  };
}

/** Reads from the stream's leader: what a compare-and-set will be held against. */
export async function getFromLeader(
  jsm: JetStreamManager,
  stream: string,
  subject: string,
): Promise<Stored | undefined> {
  try {
    const { data, seq, time } = await jsm.streams.getMessage(stream, { last_by_subj: subject });
    return { data, sequence: seq, storedAtMs: time.getTime() };
  } catch (error) {
    if (classifyNatsFailure(error) === 'missing') return undefined;
    throw error;
  }
}
