import { z } from 'zod';
import { MediaStatistics } from './media.ts';
import { EpochMs, LegId, User } from './primitives.ts';
import { CallSource } from './routing.ts';

const Text = z.string().max(2048);

/** Why a call was sent on, as RFC 5806 §4.1 names it. */
export const ForwardReason = z.enum(['unconditional', 'user-busy', 'no-answer', 'unavailable', 'deflection']);
export type ForwardReason = z.infer<typeof ForwardReason>;

/** A call that was sent on to somebody else before anybody had answered. */
export const Forwarding = z.object({
  /** Whose call it was until then. */
  by: User,
  /** What that user would have dialled. */
  to: Text,
  reason: ForwardReason,
  at: EpochMs,
});
export type Forwarding = z.infer<typeof Forwarding>;

/** One leg of a call, as far as it is known. */
export const CallLeg = z.object({
  legId: LegId,
  role: z.enum(['caller', 'callee']),
  /** Whose device; absent for an application or a trunk. */
  user: User.optional(),
  /** Contact of the device, or the name of the application. */
  device: Text,
  userAgent: Text.optional(),
  /** Of the INVITE, received or sent. */
  begunAt: EpochMs,
  ringingAt: EpochMs.optional(),
  answeredAt: EpochMs.optional(),
  endedAt: EpochMs.optional(),
  /** Final response of the device to the INVITE; absent when it was given up before. */
  sipStatus: z.number().int().min(200).max(699).optional(),
  /** What came from this side. */
  media: MediaStatistics.optional(),
});
export type CallLeg = z.infer<typeof CallLeg>;

/** What is known of a call for its record while it goes on, so that whoever ends it can write that record. */
export const CallDetail = z.object({
  source: CallSource.optional(),
  /** User part of the Request-URI, percent-decoded. */
  dialled: Text.optional(),
  /** Call-ID of the caller's dialog. */
  sipCallId: Text.optional(),
  traceId: z.string().max(64).optional(),
  legs: z.array(CallLeg).max(64),
  forwardings: z.array(Forwarding).max(16).optional(),
});
export type CallDetail = z.infer<typeof CallDetail>;
