import { z } from 'zod';
import { defineRequest } from './define.ts';

/**
 * Places at which a process can be made to end or to stand still. In an edge: where a call goes is known, and nobody is
 * called yet (`in-invite`); an answer is in the journal and has not left (`before-answer`), has left (`after-answer`), is
 * acknowledged by the caller (`after-ack`); the other side has agreed to a change that its asker has not heard of
 * (`in-reinvite`); a BYE is answered, the other side not hung up yet (`in-bye`). In every service: an answer is ready and
 * has not left (`before-reply`); something cannot be written since whoever leads the bucket is dead and another is not
 * elected yet (`in-election`).
 */
export const FaultPoint = z.enum([
  'in-invite',
  'before-answer',
  'after-answer',
  'after-ack',
  'in-reinvite',
  'in-bye',
  'before-reply',
  'in-election',
]);
export type FaultPoint = z.infer<typeof FaultPoint>;

const ForMs = z.number().int().min(1).max(600_000);
/** It happens when the point is reached so many times more, from 1. */
const pass = z.number().int().min(1).max(1_000_000).default(1);

/** Which SIP messages: those that the engine gets (`in`), sends (`out`), or both. */
const about = {
  way: z.enum(['in', 'out', 'both']),
  /** Requests of this method and the responses to them; absent: all. */
  method: z
    .string()
    .regex(/^[A-Z]{1,16}$/)
    .optional(),
  /** Which share of them, from 0 to 1; absent: all. */
  share: z.number().min(0).max(1).optional(),
  /** How many more at most. */
  next: z.number().int().min(1).max(1_000_000).optional(),
};

const messageFaults = [
  z.object({ kind: z.literal('drop'), ...about, forMs: ForMs }),
  z.object({ kind: z.literal('delay'), ...about, byMs: z.number().int().min(1).max(60_000), forMs: ForMs }),
  z.object({ kind: z.literal('duplicate'), ...about, forMs: ForMs }),
] as const;

/** Something that goes wrong on purpose. What lasts, lasts `forMs`: nobody could end it in a process that hears nothing. */
export const Fault = z.discriminatedUnion('kind', [
  /** The process ends at once, as by SIGKILL. */
  z.object({ kind: z.literal('exit'), at: FaultPoint, pass }),
  /** The process stands still, once. */
  z.object({ kind: z.literal('freeze'), at: FaultPoint, pass, forMs: ForMs }),
  /** It stands still at every pass from then on, until it is cleared. */
  z.object({ kind: z.literal('slow'), at: FaultPoint, pass, forMs: ForMs }),
  /** Nothing comes from the bus (`in`), reaches it (`out`), or neither. */
  z.object({ kind: z.literal('cut-off'), way: z.enum(['in', 'out', 'both']), forMs: ForMs }),
  /** Everything to and from the bus is late. */
  z.object({ kind: z.literal('late'), byMs: z.number().int().min(1).max(10_000), forMs: ForMs }),
  /** Writes to this bucket are refused. */
  z.object({ kind: z.literal('no-writes'), bucket: z.string(), forMs: ForMs }),
  /** Writes to this bucket leave later. */
  z.object({
    kind: z.literal('late-writes'),
    bucket: z.string(),
    byMs: z.number().int().min(1).max(10_000),
    forMs: ForMs,
  }),
  /** SIP messages by UDP are lost, late or come twice at the engine of this edge. */
  ...messageFaults,
  /** Nothing comes from or reaches this rtpengine (`host:port`); of media-control. */
  z.object({ kind: z.literal('cut-node'), node: z.string(), forMs: ForMs }),
]);
export type Fault = z.infer<typeof Fault>;

/** A fault that is set, under the number by which it is cleared. */
export const SetFault = z.object({ id: z.number().int(), fault: Fault, leftMs: z.number().optional() });
export type SetFault = z.infer<typeof SetFault>;

export const controlFaults = defineRequest('callweave.rpc.fault.{instance}', {
  service: 'any',
  summary: 'For rehearsals: set, list or clear faults of one process; answered only with CALLWEAVE_FAULTS=on.',
  request: z.discriminatedUnion('ask', [
    z.object({ ask: z.literal('list') }),
    z.object({ ask: z.literal('set'), fault: Fault }),
    z.object({ ask: z.literal('clear') }),
  ]),
  response: z.object({ faults: z.array(SetFault) }),
});
