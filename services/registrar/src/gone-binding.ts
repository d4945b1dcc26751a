import { type Binding, EpochMs, type GoneBinding, type RemovalReason } from '@callweave/contracts';

/** How long a binding that went is remembered: longer than any transaction repeats itself (64·T1, RFC 3261 §17.1.2.2). */
export const GONE_MS = 40_000;

/** A change of one binding, to be told as an event. */
export type Told =
  { readonly kind: 'live'; readonly binding: Binding } | { readonly kind: 'gone'; readonly gone: GoneBinding };

/** What is remembered of a binding that went. */
export function goneBinding(old: Binding, reason: RemovalReason, nowMs: number, sequence: number): GoneBinding {
  const { contact, instanceId, regId, callId, cseq, edge } = old;
  return {
    contact,
    callId,
    cseq,
    edge,
    sequence,
    reason,
    until: EpochMs.parse(nowMs + GONE_MS),
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(regId === undefined ? {} : { regId }),
  };
}
