import {
  type Application,
  type CallId,
  type LegId,
  mediaIdAfter,
  type MediaNodeId,
  type MediaProfile,
  type User,
} from '@callweave/contracts';
import { createCallId } from '../call/call-id.ts';
import { type EstablishedCall } from '../call/established-call.ts';
import { type Leg } from '../leg/leg.ts';

/** Who is to take the place of one side of a call, and has agreed to talk. */
export interface Newcomer {
  readonly leg: Leg;
  readonly user: User | undefined;
  /** What it does with the call when it is no device. */
  readonly application?: Application | undefined;
  /** It wishes that nobody learns who it is. */
  readonly isHidden: boolean;
  readonly profile: MediaProfile;
  /** Its own description. */
  readonly sdp: string;
  /** Of the media that it is to share with the one that remains, and nobody else. */
  readonly mediaId: CallId;
  /** The node that knows it by that already; undefined when none does. */
  readonly node: MediaNodeId | undefined;
  /** The call it was in; undefined when it was in none. */
  readonly replaces: CallId | undefined;
  /** Tells it the other side's answer, if it waits for one. */
  answer(sdp: string): void;
}

/** Who stays, and what is offered in his name until he is asked himself. */
export interface Remaining {
  readonly leg: Leg;
  /** Under which that is known to the node. */
  readonly standIn: LegId;
  readonly sdp: string;
}

/** What is told of a search for a newcomer. */
export interface SearchEvents {
  /** A provisional status. */
  progress(status: number): void;
  found(newcomer: Newcomer): void;
  /** There is none, or no more; nothing is left of the search. */
  failed(status: number): void;
}

/** Where a newcomer comes from. */
export interface Search {
  start(events: SearchEvents): void;
  /** Nobody is wanted any more, for that reason; who was found goes back to where he came from. */
  stop(status: number): void;
  /** Who was found has taken his place; `stored` when the records say so. */
  kept(stored: Promise<void>): void;
}

/** An id for the media of two who come from these calls. */
export function newMediaId(one: EstablishedCall, other: EstablishedCall = one): CallId {
  const idOf = ({ parts: { mediaId, callId } }: EstablishedCall): CallId => mediaId ?? callId;
  return mediaIdAfter(createCallId(), idOf(one), idOf(other));
}
