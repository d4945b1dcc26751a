import { type MediaFamily, type MediaNetwork, type MediaProfile, type RelayedMedia } from '@callweave/contracts';

/** A session description on its way through a node. */
export interface NodeOffer {
  readonly callId: string;
  readonly fromLeg: string;
  /** Of an offer that changes a session. */
  readonly toLeg?: string | undefined;
  /** The leg that an offer goes to which several may answer. */
  readonly branch?: string | undefined;
  readonly sdp: string;
  readonly profile: MediaProfile;
  /** Where the two sides are; undefined where the node has one address for all. */
  readonly networks?: { readonly from: MediaNetwork; readonly to: MediaNetwork } | undefined;
  /** Addresses of the side that gets it; undefined: those of the other. */
  readonly family?: MediaFamily | undefined;
}

/** The answer to an offer. */
export interface NodeAnswer extends NodeOffer {
  readonly toLeg: string;
}

/** What became of a session description. */
export type NodeReply =
  | { readonly kind: 'sdp'; readonly sdp: string }
  /** It cannot be used, on this node or another. */
  | { readonly kind: 'unusable'; readonly reason: string }
  /** The node can carry no more, or refuses for a reason of its own. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unknown-call' }
  | Silent;

/** The node did not answer in time. It may have done what it was told. */
export interface Silent {
  readonly kind: 'silent';
}

/** What a node says of itself. */
export interface NodeReport {
  readonly kind: 'report';
  readonly uptimeSec: number;
  readonly sessions: number;
}

export interface CallTotals extends Required<RelayedMedia> {
  readonly kind: 'totals';
}

/** A media node as this service needs it. Nothing here rejects because of what a node does or does not do. */
export interface MediaNode {
  /** `host:port`. */
  readonly address: string;
  report(timeoutMs: number): Promise<NodeReport | Silent>;
  offer(offer: NodeOffer, timeoutMs: number): Promise<NodeReply>;
  answer(answer: NodeAnswer, timeoutMs: number): Promise<NodeReply>;
  query(callId: string, timeoutMs: number): Promise<CallTotals | { readonly kind: 'unknown-call' } | Silent>;
  delete(callId: string, timeoutMs: number): Promise<{ readonly kind: 'deleted' | 'unknown-call' } | Silent>;
  close(): void;
}
