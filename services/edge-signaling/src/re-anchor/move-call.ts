import { type Clock } from '@callweave/clock';
import { type CallId, mediaIdAfter } from '@callweave/contracts';
import { copyText } from '@callweave/sip';
import { createCallId } from '../call/call-id.ts';
import { type Media } from '../call/call-ports.ts';
import { between } from '../call/place.ts';
import { type EstablishedCall } from '../call/established-call.ts';
import { type EstablishedCalls } from '../call/established-calls.ts';
import { type LeftWord } from '../call/left-calls.ts';
import { otherSide, type Session, type Side } from '../call/session.ts';
import { type Networks } from '../networks.ts';
import { type Doubts } from '../survive/doubts.ts';
import { introduce, type Introduced, type Meeting } from '../transfer/introduce.ts';
import { shownTo, standInFor } from '../transfer/stand-in.ts';

/** What became of the attempt to let a call go on by way of another node. */
export type Moved =
  | { readonly kind: 'moved' }
  /** The call has ended, or is another edge's. */
  | { readonly kind: 'over' }
  /** No node takes it. */
  | { readonly kind: 'no-node' }
  /** A phone does not agree; the other one may have come along before. */
  | { readonly kind: 'refused'; readonly status: number; readonly agreed: Side | undefined };

export interface MoveCallDeps {
  readonly calls: Pick<EstablishedCalls, 'move'>;
  readonly doubts: Pick<Doubts, 'settle'>;
  readonly media: Media;
  readonly networks: Pick<Networks, 'ofLeg'>;
  /** Leaves word to the next edge at this place. */
  readonly leave: (callId: CallId, word: LeftWord) => void;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly clock: Clock;
}

/**
 * Lets an answered call go on by way of another node than the one that is gone. Both sides are offered the new one, each
 * by a re-INVITE of ours, in a media session of its own: to a browser that is an ICE restart and another certificate, so
 * it connects anew (RFC 8445 §9, RFC 8842 §4), and what the old node may still hold is never mistaken for it. Neither is
 * hung up, whatever it answers.
 */
export async function moveCall(call: EstablishedCall, deps: MoveCallDeps): Promise<Moved> {
  if (!(await call.occupy())) return { kind: 'over' };
  try {
    if (!(await deps.doubts.settle(call))) return { kind: 'over' };
    const { tenant, callId, mediaId: before = callId } = call.parts;
    const mediaId = mediaIdAfter(createCallId(), before);
    // Until the call is stored with it nobody else would know that there is anything to release.
    deps.leave(callId, { tenant, movesTo: mediaId, atMs: deps.clock.epochMs() });
    return await Promise.race([move(call, mediaId, deps), overtaken(call, mediaId, deps)]);
  } finally {
    call.vacate();
  }
}

/** The call ends before it is moved: in a dialog that is over a phone need answer nothing, and is not waited for. */
async function overtaken(call: EstablishedCall, mediaId: CallId, { media }: MoveCallDeps): Promise<Moved> {
  await new Promise<void>((resolve) => call.onLeft(resolve));
  await media.release(call.parts.tenant, mediaId, undefined);
  return { kind: 'over' };
}

async function move(
  call: EstablishedCall,
  mediaId: CallId,
  { calls, media, networks: where, random, clock }: MoveCallDeps,
): Promise<Moved> {
  const { session, parts } = call;
  const { tenant, callId, mediaId: before = callId, node: oldNode } = parts;
  const first = firstOf(session);
  const second = otherSide(first);
  const places = between(where.ofLeg(parts[second]), where.ofLeg(parts[first]));
  const isWanted = (): boolean => call.state === 'talking';
  const meeting = { tenant, media, isWanted, random, clock };
  const meet = (side: Side, newcomer: Meeting['newcomer']): Promise<Introduced> =>
    introduce({
      ...meeting,
      remaining: parts[side],
      profile: session[side].profile,
      newcomer,
      places: side === first ? places : reversed(places),
    });

  // In the name of the second, who is asked himself next: what he said before may be known to another edge only.
  const standIn = standInFor(session[second].sdp, session[second].holds ? 'sendonly' : 'sendrecv');
  const one = await meet(first, { ...standIn, mediaId, node: undefined });
  if (one.kind === 'refused') {
    if (one.node === undefined && one.status === 503) return { kind: 'no-node' };
    if (one.node !== undefined) void media.release(tenant, mediaId, one.node);
    return isWanted() ? { kind: 'refused', status: one.status, agreed: undefined } : { kind: 'over' };
  }
  const { node } = one;
  parts[first].refreshTarget(one.response);
  const { legId } = parts[first];
  const shown = { ...shownTo(session[second], { legId, profile: session[first].profile }, one), mediaId, node };
  const other = isWanted() ? await meet(second, shown) : undefined;
  if (!isWanted()) {
    void media.release(tenant, mediaId, node);
    return { kind: 'over' };
  }
  const isAgreed = other?.kind === 'agreed';
  if (isAgreed) parts[second].refreshTarget(other.response);
  const now: Session = {
    ...session,
    [first]: { ...session[first], sdp: copyText(one.answer) },
    ...(isAgreed ? { [second]: { ...session[second], sdp: copyText(other.answer) } } : {}),
  };
  void calls.move(call, { node, mediaId, session: now });
  // One that is only frozen, or cut off from us, forgets it when it can be told.
  if (oldNode !== undefined) void media.release(tenant, before, oldNode);
  return isAgreed ? { kind: 'moved' } : { kind: 'refused', status: statusOf(other), agreed: first };
}

/** Who is asked first: a browser, as it is sure to connect anew in the first exchange of a media session alone. */
function firstOf({ caller, callee }: Session): Side {
  return caller.profile === 'webrtc' && callee.profile !== 'webrtc' ? 'caller' : 'callee';
}

function reversed(places: Meeting['places']): Meeting['places'] {
  return places === undefined ? undefined : { from: places.to, to: places.from };
}

function statusOf(outcome: Introduced | undefined): number {
  return outcome?.kind === 'refused' ? outcome.status : 500;
}
