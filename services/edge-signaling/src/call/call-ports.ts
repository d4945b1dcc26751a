import { type Faults } from '@callweave/bus';
import {
  type Binding,
  type CallCause,
  type CallDetail,
  type CallSource,
  type CallId,
  type CallRecord,
  type LegId,
  type MediaNodeId,
  type MediaProfile,
  type RelayedMedia,
  type RouteTarget,
  type Tenant,
  type User,
} from '@callweave/contracts';
import { type Unavailable } from '../ports.ts';
import { type LegNote } from './call-detail.ts';
import { type Note } from './left-calls.ts';
import { type Places } from './place.ts';
import { type Side } from './session.ts';

/** Where a call goes, as far as the edge asks. */
export interface Router {
  route(question: {
    readonly tenant: Tenant;
    readonly callId: CallId;
    readonly source: CallSource;
    readonly dialled: string;
    readonly domain: string;
  }): Promise<
    | { readonly kind: 'targets'; readonly targets: readonly RouteTarget[] }
    | { readonly kind: 'reject'; readonly status: number; readonly reason?: string | undefined }
    | Unavailable
  >;
}

/** At which devices a user can be reached, best first. */
export interface Locator {
  lookup(
    tenant: Tenant,
    user: User,
  ): Promise<{ readonly kind: 'bindings'; readonly bindings: readonly Binding[] } | Unavailable>;
  /** Whether there is such an account at all: 480 when there is, 404 when not. */
  exists(tenant: Tenant, user: User): Promise<boolean>;
}

export type Anchored =
  | { readonly kind: 'anchored'; readonly sdp: string; readonly node: MediaNodeId }
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'no-node' }
  | Unavailable;

/** Anchors the media of calls. */
export interface Media {
  offer(question: {
    tenant: Tenant;
    callId: CallId;
    fromLeg: LegId;
    /** Of an offer that changes a session: who is to answer it. */
    toLeg?: LegId;
    /** Of the first offers: the leg it goes to, one of several that may answer. */
    branch?: LegId;
    sdp: string;
    profile: MediaProfile;
    node?: MediaNodeId | undefined;
    /** Of the first offers: where both sides are, as far as that is known. */
    places?: Places | undefined;
  }): Promise<Anchored>;
  answer(question: {
    tenant: Tenant;
    callId: CallId;
    fromLeg: LegId;
    toLeg: LegId;
    branch?: LegId;
    sdp: string;
    profile: MediaProfile;
    node: MediaNodeId;
  }): Promise<Anchored>;
  /** Releases, wherever it is when no node is named; tries on by itself and never throws. */
  release(tenant: Tenant, callId: CallId, node: MediaNodeId | undefined): Promise<RelayedMedia | undefined>;
}

/** Tells what happens to one call, in order; the terminal fact at most once. */
export interface CallTeller {
  /** Number of the last fact told. */
  readonly sequence: number;
  /** What goes into the record of the call, as far as it has come. */
  readonly detail: CallDetail;
  /** Notes for the record what becomes of a leg; nobody is told before the end. */
  note(note: LegNote): void;
  /** `kept` is left to who comes after this edge, should it die before the call is stored. */
  initiated(fields: { from: string; to: string; sipCallId: string; legId: LegId }, kept?: () => readonly Note[]): void;
  routed(targets: readonly string[]): void;
  ringing(legId: LegId, target: string): void;
  /** `kept` is left to who comes after this edge, should it die before the records are stored. */
  answered(legId: LegId, target: string, media: MediaNodeId | undefined, kept?: () => CallRecord): void;
  /** One side keeps the other on hold. */
  held(by: Side): void;
  /** It no longer does. */
  resumed(by: Side): void;
  /** One side was replaced by another party. */
  transferred(fields: {
    by: Side;
    legId: LegId;
    /** Its address. */
    party: string;
    media: MediaNodeId | undefined;
    replaces?: CallId | undefined;
  }): void;
  /** With the record of the call, of which nothing is left to do. */
  ended(cause: CallCause, durationMs: number, relayed: RelayedMedia | undefined): void;
  /** With the record of the call, of which nothing is left to do. */
  failed(cause: CallCause): void;
}

/** The points of a call at which this edge may be made to end, for rehearsals; undefined unless that is allowed. */
export type CallFaults = Pick<Faults, 'pass' | 'passSoon'> | undefined;
