import { z } from 'zod';
import { CallDetail } from './call-detail.ts';
import { defineBucket, defineEvent } from './define.ts';
import { MediaNodeId, MediaProfile, MediaStatistics } from './media.ts';
import { CallId, Epoch, EpochMs, InstanceId, LegId, Sequence, Tenant, User } from './primitives.ts';
import { Application } from './routing.ts';

/** Where a call stands. */
export const CallState = z.enum(['routing', 'ringing', 'answered', 'ended']);
export type CallState = z.infer<typeof CallState>;

/** The two who talk in an answered call. */
export const CallSide = z.enum(['caller', 'callee']);
export type CallSide = z.infer<typeof CallSide>;

/** A party as a header names it. */
export const Party = z.string().max(2048);

/** Why a call ended or never began: who, and the SIP status or the standard name of the cause. */
export const CallCause = z.object({
  by: z.enum(['caller', 'callee', 'platform']),
  reason: z.enum([
    'hang-up',
    'cancelled',
    'busy',
    'declined',
    'no-answer',
    'not-found',
    'unreachable',
    'not-acceptable',
    'rejected',
    'unavailable',
    'node-lost',
  ]),
  sipStatus: z.number().int().min(100).max(699).optional(),
  /** What a Reason header said (Q.850); absent when none did. */
  q850: z.number().int().min(1).max(127).optional(),
});
export type CallCause = z.infer<typeof CallCause>;

/** A session that ends unless it is refreshed, RFC 4028. */
export const TimedSession = z.object({
  intervalSec: z.number().int().positive(),
  /** Whether the platform refreshes it; else the peer does. */
  isOurs: z.boolean(),
  /** Whether the peer takes UPDATE, which leaves media alone. */
  takesUpdate: z.boolean(),
});
export type TimedSession = z.infer<typeof TimedSession>;

/** One SIP dialog, with all another edge needs to go on with it (architecture, ownership and adoption). */
export const LegRecord = z.object({
  legId: LegId,
  /** Epoch of the call when this was written. */
  epoch: Epoch,
  role: z.enum(['uas', 'uac']),
  /** The edge whose engine has the dialog, and the only way to the peer; absent: whoever owns the call reaches it. */
  edge: InstanceId.optional(),
  sipCallId: z.string(),
  remoteTag: z.string(),
  /** From of our requests, without its tag. */
  localUri: z.string(),
  /** To of our requests, without its tag. */
  remoteUri: z.string(),
  /** Contact of the peer, RFC 3261 §12.1. */
  remoteTarget: z.string(),
  /** `+sip.instance` of that Contact, by which a device is known again that registers from elsewhere. RFC 5626 §4.1 */
  instanceId: z.string().optional(),
  /** Where requests go when neither a route nor the Contact leads to the peer: a SIP URI of where it was seen. */
  nextHop: z.string().optional(),
  routeSet: z.array(z.string()),
  /** Highest number of ours when this was written; who takes the leg over goes on 100 above it for each epoch since. */
  localCseq: z.number().int(),
  remoteCseq: z.number().int(),
  /** Whose device it is; absent for an application. */
  user: User.optional(),
  /** What an application does with the call; another one is asked for the same when it is gone. */
  application: Application.optional(),
  /** He wishes that nobody learns who he is, RFC 3323. */
  hidden: z.literal(true).optional(),
  /** What the peer needs of our media; absent is plain RTP. */
  profile: MediaProfile.optional(),
  /** Absent when it may last for ever. */
  session: TimedSession.optional(),
  /** Trace of the call, for whoever goes on with it; absent when nothing traces. */
  traceparent: z.string().optional(),
});
export type LegRecord = z.infer<typeof LegRecord>;

/** A call: two legs paired by the edge that owns it. */
export const CallRecord = z.object({
  tenant: Tenant,
  callId: CallId,
  owner: InstanceId,
  epoch: Epoch,
  state: CallState,
  /** The caller's first; the callee's once it is answered. */
  legs: z.array(LegId).max(16),
  /** The dialogs of an answered call, in the order of `legs`. */
  dialogs: z.array(LegRecord).max(2).optional(),
  media: MediaNodeId.optional(),
  /** The id under which its media is anchored there since somebody was replaced; absent: that of the call. */
  mediaId: CallId.optional(),
  /** How often somebody was replaced by another party; absent is never. */
  transfers: z.number().int().nonnegative().optional(),
  /** Who keeps the other on hold; absent is nobody. */
  heldBy: z.array(CallSide).max(2).optional(),
  /** From and To as the caller wrote them; of who was put in the place of one of them, his address. */
  from: Party.optional(),
  to: Party.optional(),
  /** Number of the last event told. */
  sequence: z.number().int().nonnegative(),
  startedAt: EpochMs,
  answeredAt: EpochMs.optional(),
  /** Why it ended; of an ended call. */
  cause: CallCause.optional(),
  detail: CallDetail.optional(),
});
export type CallRecord = z.infer<typeof CallRecord>;

export const callsBucket = defineBucket('calls', {
  summary: 'Calls in progress with their legs, by call; of a leg that was made for another call, which one it is in.',
  pattern: '{kind}.{id}',
  value: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('call'), call: CallRecord }),
    z.object({ kind: z.literal('leg'), callId: CallId }),
  ]),
});

const CallFact = z.object({ tenant: Tenant, callId: CallId, owner: InstanceId, epoch: Epoch, sequence: Sequence });

const PATTERN = 'callweave.call.v1.{tenant}.{callId}';

export const callInitiated = defineEvent(`${PATTERN}.initiated`, {
  summary: 'An edge took on a call.',
  data: CallFact.extend({ from: Party, to: Party, sipCallId: z.string(), legId: LegId }),
});
export const callRouted = defineEvent(`${PATTERN}.routed`, {
  summary: 'It is known where the call goes.',
  data: CallFact.extend({ targets: z.array(Party) }),
});
export const callRinging = defineEvent(`${PATTERN}.ringing`, {
  summary: 'The first device rings.',
  data: CallFact.extend({ legId: LegId, target: Party }),
});
export const callAnswered = defineEvent(`${PATTERN}.answered`, {
  summary: 'The caller has been told that somebody answered.',
  data: CallFact.extend({ legId: LegId, target: Party, media: MediaNodeId.optional() }),
});
export const callHeld = defineEvent(`${PATTERN}.held`, {
  summary: 'One side put the other on hold.',
  data: CallFact.extend({ by: CallSide }),
});
export const callResumed = defineEvent(`${PATTERN}.resumed`, {
  summary: 'The side that had put the other on hold came back to it.',
  data: CallFact.extend({ by: CallSide }),
});
export const callTransferred = defineEvent(`${PATTERN}.transferred`, {
  summary: 'One side of an answered call was replaced by another party; the call goes on.',
  data: CallFact.extend({
    /** Which side was replaced. */
    by: CallSide,
    /** Of the party that is there instead. */
    legId: LegId,
    /** Its address. */
    party: Party,
    media: MediaNodeId.optional(),
    /** The call that party was in, which ended with this; absent when it was called or called itself. */
    replaces: CallId.optional(),
  }),
});
export const callEnded = defineEvent(`${PATTERN}.ended`, {
  summary: 'An answered call is over. Exactly one for each.',
  once: true,
  data: CallFact.extend({
    cause: CallCause,
    durationMs: z.number().int().nonnegative(),
    statistics: MediaStatistics.optional(),
  }),
});
export const callFailed = defineEvent(`${PATTERN}.failed`, {
  summary: 'A call is over that nobody answered. Exactly one for each.',
  once: true,
  data: CallFact.extend({ cause: CallCause }),
});

/** All call events, in the order in which they may occur. */
export const callEvents = [
  callInitiated,
  callRouted,
  callRinging,
  callAnswered,
  callHeld,
  callResumed,
  callTransferred,
  callEnded,
  callFailed,
] as const;
