import { z } from 'zod';

/** A fact on its way to JetStream. */
export const JournalLine = z.object({
  n: z.number().int().positive(),
  subject: z.string(),
  /** `Nats-Msg-Id`: told twice, stored once. */
  id: z.string(),
  payload: z.string(),
  /** Stored only if its subject is empty. */
  once: z.boolean().optional(),
  /** The span in which it was told, so that whoever tells it in the end goes on with that trace. */
  traceparent: z.string().optional(),
});
export type JournalLine = z.infer<typeof JournalLine>;

const AckLine = z.object({ ack: z.number().int() });

/** The facts of a journal that were not acknowledged; a torn line is none. */
export function unfinished(text: string): JournalLine[] {
  const lines: JournalLine[] = [];
  let acked = 0;
  for (const raw of text.split('\n')) {
    const value = parseLine(raw);
    const ack = AckLine.safeParse(value);
    if (ack.success) acked = Math.max(acked, ack.data.ack);
    const line = JournalLine.safeParse(value);
    if (line.success) lines.push(line.data);
  }
  return lines.filter(({ n }) => n > acked);
}

function parseLine(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
