import { z } from 'zod';

/** What a process leaves to whoever finds its journal, about one thing. It is told to nobody else. */
export const JournalNote = z.object({ about: z.string(), value: z.unknown() });
export type JournalNote = z.infer<typeof JournalNote>;

/** A fact on its way to JetStream. */
export const JournalLine = z.object({
  n: z.number().int().positive(),
  subject: z.string(),
  /** `Nats-Msg-Id`: told twice, stored once. */
  id: z.string(),
  /** JSON; a journal has it as it is, one of an earlier version as a string. */
  payload: z.union([z.string(), z.looseObject({}).transform((event) => JSON.stringify(event))]),
  /** Stored only if its subject is empty. */
  once: z.boolean().optional(),
  /** The span in which it was told, so that whoever tells it in the end goes on with that trace. */
  traceparent: z.string().optional(),
  note: JournalNote.optional(),
});
export type JournalLine = z.infer<typeof JournalLine>;

/** A fact as a line of a journal, its end included. */
export function lineOf({ payload, ...rest }: JournalLine): string {
  return `${JSON.stringify(rest).slice(0, -1)},"payload":${payload}}\n`;
}

/** A note by itself as a line of a journal. */
export function noteLine(note: JournalNote): string {
  return `${JSON.stringify({ note })}\n`;
}

/** Everything up to this number is told, as a line of a journal. */
export function ackLine(ack: number): string {
  return `${JSON.stringify({ ack })}\n`;
}

const AckLine = z.object({ ack: z.number().int() });
const NoteLine = z.object({ note: JournalNote });

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

/** The notes of a journal by what they are about, oldest first; those of facts that are acknowledged too. */
export function notesIn(text: string): Map<string, unknown[]> {
  const notes = new Map<string, unknown[]>();
  for (const raw of text.split('\n')) {
    const line = raw.includes('"note"') ? NoteLine.safeParse(parseLine(raw)) : undefined;
    if (line?.success !== true) continue;
    const { about, value } = line.data.note;
    notes.set(about, [...(notes.get(about) ?? []), value]);
  }
  return notes;
}

function parseLine(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
