import { z } from 'zod';
import { CallDetail } from './call-detail.ts';
import { CallCause, Party } from './call.ts';
import { defineEvent } from './define.ts';
import { MediaNodeId } from './media.ts';
import { CallId, Epoch, EpochMs, InstanceId, Tenant } from './primitives.ts';

const DurationMs = z.number().int().nonnegative();

/** The record of one call, written when it is over. What nobody knows any more is absent. */
export const Cdr = CallDetail.extend({
  tenant: Tenant,
  callId: CallId,
  /** Who ended the call, and how many had it. */
  owner: InstanceId,
  epoch: Epoch,
  /** From and To as the caller wrote them. */
  from: Party.optional(),
  to: Party.optional(),
  initiatedAt: EpochMs,
  /** When the first device rang. */
  ringingAt: EpochMs.optional(),
  answeredAt: EpochMs.optional(),
  endedAt: EpochMs,
  /** Post-dial delay: from the INVITE until the first device rang. */
  pddMs: DurationMs.optional(),
  /** From the INVITE until the answer. */
  setupMs: DurationMs.optional(),
  /** From the answer to the end; 0 for a call that nobody answered. */
  talkMs: DurationMs,
  cause: CallCause.extend({
    /** As a Reason header said it, else by RFC 3398 §8.2.6.1 and RFC 4497 §8.4.1. */
    q850: z.number().int().min(1).max(127),
  }),
  /** Where its media went through. */
  node: MediaNodeId.optional(),
});
export type Cdr = z.infer<typeof Cdr>;

export const callRecorded = defineEvent('callweave.cdr.v1.{tenant}.{callId}.recorded', {
  summary: 'The record of a call that is over, answered or not. Exactly one for each.',
  once: true,
  data: Cdr,
});
