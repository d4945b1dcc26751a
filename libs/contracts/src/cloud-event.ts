import { z } from 'zod';
import { type EventType, parseContract } from './define.ts';

/** The envelope of every event: CloudEvents 1.0, structured JSON, with our extensions in lower case. */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  /** The same fact has the same id, however often it is told. */
  id: z.string().min(1).max(256),
  source: z.string(),
  type: z.string(),
  subject: z.string().optional(),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  tenant: z.string(),
  callid: z.string().optional(),
  legid: z.string().optional(),
  /** Instance that owns the thing told about. */
  owner: z.string().optional(),
  epoch: z.number().int().optional(),
  sequence: z.number().int().optional(),
  /** The trace it happened in, as CloudEvents' distributed tracing extension has it; absent when nothing traces. */
  traceparent: z.string().optional(),
  data: z.unknown(),
});
export type CloudEvent = z.infer<typeof CloudEvent>;

/** Reads an envelope and its data. Throws `ContractError`. */
export function parseEvent<S extends z.ZodType>(
  type: EventType<string, S>,
  payload: unknown,
): Omit<CloudEvent, 'data'> & { readonly data: z.output<S> } {
  const envelope = parseContract(type.type, CloudEvent, payload);
  return { ...envelope, data: parseContract(type.type, type.data, envelope.data) };
}
