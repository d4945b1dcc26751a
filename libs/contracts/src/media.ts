import { z } from 'zod';
import { defineEvent, defineRequest } from './define.ts';
import { CallId, InstanceId, LegId, Tenant } from './primitives.ts';

/** Largest SDP that is handled; browsers' offers with many candidates stay below 20 kB. */
export const MAX_SDP_BYTES = 65_536;

export const Sdp = z.string().min(1).max(MAX_SDP_BYTES);

/**
 * One life of one rtpengine, `host:port@second of its start`: a node that restarted is another node. Replicas read the
 * second off clocks of their own, so two ids of one address that differ by a few seconds mean the same life.
 */
export const MediaNodeId = z
  .string()
  .regex(/^[^\s@]{1,128}@\d{1,15}$/)
  .brand<'MediaNodeId'>();
export type MediaNodeId = z.infer<typeof MediaNodeId>;

/** How far apart the seconds of one life may be read: clocks, and the whole seconds of an uptime. */
const SAME_LIFE_SEC = 3;

/** The address and the second of its start that a node id is made of. */
export function mediaLifeOf(id: MediaNodeId): { readonly address: string; readonly startSec: number } {
  const at = id.lastIndexOf('@');
  return { address: id.slice(0, at), startSec: Number(id.slice(at + 1)) };
}

/** How two lives of one address follow each other, by the seconds of their start; `same` when they are one. */
export function compareLives(startSec: number, otherSec: number): 'older' | 'same' | 'younger' {
  if (Math.abs(startSec - otherSec) <= SAME_LIFE_SEC) return 'same';
  return startSec < otherSec ? 'older' : 'younger';
}

/** Stands for no node at all: media goes from phone to phone. */
export const DIRECT_MEDIA = MediaNodeId.parse('direct@0');

/** What a leg's media must look like. */
export const MediaProfile = z.enum(['rtp', 'webrtc']);
export type MediaProfile = z.infer<typeof MediaProfile>;

/** Where a peer is, which decides the address of ours that it is told: on the open side, or on a network of our own. */
export const MediaNetwork = z.enum(['public', 'private']);
export type MediaNetwork = z.infer<typeof MediaNetwork>;

/** What addresses a peer has. */
export const MediaFamily = z.enum(['ipv4', 'ipv6']);
export type MediaFamily = z.infer<typeof MediaFamily>;

/** What all media questions name: the call and, once media is anchored, the node that holds it. */
const About = z.object({ tenant: Tenant, callId: CallId });

export const MediaRefused = z.discriminatedUnion('kind', [
  /** The SDP cannot be used: 488. */
  z.object({ kind: z.literal('unusable'), reason: z.string() }),
  /** No media node takes it, or the one that was named is gone and with it what it knew: 503. */
  z.object({ kind: z.literal('no-node') }),
]);

export const offerMedia = defineRequest('callweave.rpc.media.offer', {
  service: 'media-control',
  summary: 'Anchor an offer on a media node, or change it there; the answer is the offer to send on.',
  request: About.extend({
    /** Leg the offer came from; its tag at the node. */
    fromLeg: LegId,
    /** Leg that is to answer, of an offer that changes a session; absent while that is not known. */
    toLeg: LegId.optional(),
    /** Of the first offers of a call: the leg it goes to, one of several that may answer it. Each has ports of its own. */
    branch: LegId.optional(),
    sdp: Sdp,
    /** What the leg the offer goes to needs. */
    profile: MediaProfile,
    /**
     * Absent for the first offer of a call: a node with little to do is chosen, and another one when it does not
     * answer. Present for the offers after it: that node or none.
     */
    node: MediaNodeId.optional(),
    /** Where the two sides of a first offer are; absent where the platform has one address for all. */
    networks: z.object({ from: MediaNetwork, to: MediaNetwork }).optional(),
    /** Addresses of the side that a first offer goes to, where they are not of the family of the offer. */
    family: MediaFamily.optional(),
  }),
  response: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('anchored'), sdp: Sdp, node: MediaNodeId }),
    ...MediaRefused.options,
  ]),
});

export const answerMedia = defineRequest('callweave.rpc.media.answer', {
  service: 'media-control',
  summary: 'Complete an offer with its answer; the answer is the one to send back.',
  request: About.extend({
    /** Leg whose offer is answered. */
    fromLeg: LegId,
    /** Leg that answered. */
    toLeg: LegId,
    /** What the offer it answers named. */
    branch: LegId.optional(),
    sdp: Sdp,
    /** What the leg the answer goes back to needs. */
    profile: MediaProfile,
    node: MediaNodeId,
  }),
  response: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('anchored'), sdp: Sdp, node: MediaNodeId }),
    ...MediaRefused.options,
  ]),
});

/** Packets and losses of one direction, from the node that relayed them. */
export const MediaStatistics = z.object({
  packets: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  errors: z.number().int().nonnegative(),
  /** As whoever heard them reported; absent without such reports (RTCP). */
  packetsLost: z.number().int().optional(),
  jitterMs: z.number().optional(),
  /** Mean opinion score, 1 to 5. */
  mos: z.number().min(0).max(5).optional(),
});
export type MediaStatistics = z.infer<typeof MediaStatistics>;

/** What a node relayed of a call. */
export const RelayedMedia = z.object({
  statistics: MediaStatistics.optional(),
  /** What came from each leg. */
  sides: z
    .array(z.object({ legId: LegId, statistics: MediaStatistics }))
    .max(64)
    .optional(),
});
export type RelayedMedia = z.infer<typeof RelayedMedia>;

export const deleteMedia = defineRequest('callweave.rpc.media.delete', {
  service: 'media-control',
  summary: 'Release the media of a call; the same again is no error. A node that does not answer is told later.',
  /** Who took over a call that was being set up knows no node: all of them are told, a moment later. */
  request: About.extend({ node: MediaNodeId.optional() }),
  response: RelayedMedia.extend({
    /** Whether the node still had the call. */
    found: z.boolean(),
  }),
});

export const queryMedia = defineRequest('callweave.rpc.media.query', {
  service: 'media-control',
  summary: 'What a node knows of a call now.',
  request: About.extend({ node: MediaNodeId }),
  response: z.object({ found: z.boolean(), statistics: MediaStatistics.optional() }),
});

export const listMediaNodes = defineRequest('callweave.rpc.media.nodes', {
  service: 'media-control',
  summary: 'The media nodes this replica knows, for operators.',
  request: z.object({}),
  response: z.object({
    /** Who answers. */
    observer: InstanceId.optional(),
    nodes: z.array(
      z.object({ address: z.string(), node: MediaNodeId.optional(), up: z.boolean(), sessions: z.number().int() }),
    ),
  }),
});

/** What all facts about media nodes tell; they are of no tenant. */
const NodeFact = z.object({
  node: MediaNodeId,
  /** The replica of media-control that tells it. */
  observer: InstanceId,
});

export const mediaNodeUp = defineEvent('callweave.media.v1.{node}.up', {
  summary:
    'A media node answers: it is new, was started anew (which makes it another node), or is back with its calls.',
  data: NodeFact,
});

export const mediaNodeDown = defineEvent('callweave.media.v1.{node}.down', {
  summary: 'A media node was started anew, or answers none of those who watch it: its calls are to go on elsewhere.',
  data: NodeFact,
});
