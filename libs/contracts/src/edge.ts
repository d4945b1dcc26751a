import { z } from 'zod';
import { defineRequest } from './define.ts';
import { InstanceId, LegId, Sequence } from './primitives.ts';
import { MAX_CONTACT_BYTES } from './registration.ts';

/** Longest body a request inside a dialog may carry from edge to edge. */
const MAX_BODY_BYTES = 65_536;

export const findLeg = defineRequest('callweave.rpc.edge.{instance}.leg.find', {
  service: 'edge-signaling',
  summary:
    'Does the edge with this engine hold the leg? Asked before a request is passed to it; no answer: take it over.',
  request: z.object({ legId: LegId }),
  response: z.object({ held: z.boolean() }),
});

/** A request inside a dialog, as one edge passes it to another. */
export const PassedRequest = z.object({
  /** The edge it arrived at. */
  from: InstanceId,
  legId: LegId,
  method: z.string().max(32),
  uri: z.string().max(4_096),
  /** Where the peer sent it from, `ip:port`, and by what. */
  source: z.string(),
  transport: z.string(),
  /** Lower-case names; only what the owner of the leg may need. */
  headers: z.record(z.string(), z.string()),
  body: z.string().max(MAX_BODY_BYTES).optional(),
  /** The engine made it itself: the peer is lost. */
  isFromEngine: z.boolean().optional(),
});
export type PassedRequest = z.infer<typeof PassedRequest>;

export const passRequest = defineRequest('callweave.rpc.edge.{instance}.leg.request', {
  service: 'edge-signaling',
  summary: 'A request inside a dialog that arrived at another edge; the answer is what its sender is to be told.',
  request: PassedRequest,
  response: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('answered'),
      status: z.number().int().min(200).max(699),
      reason: z.string().optional(),
      headers: z.record(z.string(), z.string()),
      body: z.string().max(MAX_BODY_BYTES).optional(),
    }),
    /** It wants no answer (ACK). */
    z.object({ kind: z.literal('taken') }),
    /** The leg is not here, or no longer. */
    z.object({ kind: z.literal('not-held') }),
  ]),
});

export const yieldCall = defineRequest('callweave.rpc.edge.{instance}.leg.yield', {
  service: 'edge-signaling',
  summary:
    'Let the asking edge take over the answered call of this leg, to join it with one of its own; the dialogs stay with the engine here.',
  request: z.object({ legId: LegId }),
  response: z.discriminatedUnion('kind', [
    /** Nothing more is done for it here. With what both sides have said of their media, which no record has. */
    z.object({
      kind: z.literal('yielded'),
      caller: z.string().max(MAX_BODY_BYTES).optional(),
      callee: z.string().max(MAX_BODY_BYTES).optional(),
    }),
    /** It is changing now. */
    z.object({ kind: z.literal('busy') }),
    /** The leg is not here, or no longer. */
    z.object({ kind: z.literal('not-held') }),
  ]),
});

export const bringResponse = defineRequest('callweave.rpc.edge.{instance}.stray', {
  service: 'edge-signaling',
  summary:
    'A response that reached another edge behind the same address, to the one whose engine sent its request; whether that one waits for it.',
  request: z.object({
    /** Where it came from, `ip:port`, and by what. */
    source: z.string(),
    transport: z.string(),
    /** All of it. */
    message: z.string().max(MAX_BODY_BYTES),
  }),
  response: z.object({ wanted: z.boolean() }),
});

/** Devices behind NATs that are to be asked something, so that those do not forget them. */
const KeptDevices = z.object({
  devices: z
    .array(
      z.object({
        contact: z.string().max(MAX_CONTACT_BYTES),
        /** Where it was seen, `ip:port`. */
        received: z.string().max(64),
      }),
    )
    .max(500),
});

const Asked = z.object({ asked: z.number().int() });

export const keepAlive = defineRequest('callweave.rpc.edge.{instance}.keep-alive', {
  service: 'edge-signaling',
  summary: 'Ask these devices by OPTIONS whether they are there, from the address that they registered at.',
  request: KeptDevices,
  response: Asked,
});

export const keepAliveByAny = defineRequest('callweave.rpc.edge.keep-alive', {
  service: 'edge-signaling',
  summary: 'The same for devices whose edge is gone; another one may have its address.',
  request: KeptDevices,
  response: Asked,
});

/** A request that one edge sends through the engine of another, as both name it (ULID). */
export const PlacementId = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  .brand<'PlacementId'>();
export type PlacementId = z.infer<typeof PlacementId>;

/** Headers to write; an array makes several lines. */
const Headers = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** A request of a leg whose peer can be reached through the addressed edge alone. */
export const PlacedRequest = z.object({
  placement: PlacementId,
  /** The edge whose call it is; it is told what becomes of the request. */
  from: InstanceId,
  method: z.string().max(32),
  uri: z.string().max(4_096),
  nextHop: z.string().max(4_096).optional(),
  /** Inside this dialog of the engine. */
  dialogId: z.string().optional(),
  headers: Headers,
  body: z.string().max(MAX_BODY_BYTES).optional(),
});
export type PlacedRequest = z.infer<typeof PlacedRequest>;

export const placeRequest = defineRequest('callweave.rpc.edge.{instance}.leg.place', {
  service: 'edge-signaling',
  summary: 'Send a request to a device that is connected to this edge, and tell what becomes of it.',
  request: PlacedRequest,
  response: z.object({ placed: z.boolean() }),
});

export const cancelPlacement = defineRequest('callweave.rpc.edge.{instance}.leg.cancel', {
  service: 'edge-signaling',
  summary: 'Cancel an INVITE that this edge has sent for another.',
  request: z.object({ placement: PlacementId, headers: Headers }),
  response: z.object({ known: z.boolean() }),
});

export const acknowledgePlacement = defineRequest('callweave.rpc.edge.{instance}.leg.acknowledge', {
  service: 'edge-signaling',
  summary: 'Acknowledge the 2xx that brought an offer, with the answer; an offer of ours is acknowledged unasked.',
  request: z.object({
    placement: PlacementId,
    body: z.object({ type: z.string(), content: z.string().max(MAX_BODY_BYTES) }).optional(),
  }),
  response: z.object({ known: z.boolean() }),
});

/** What becomes of a placed request; one `failed` or one final response comes last. */
export const PlacementEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('sent'), headers: z.record(z.string(), z.string()) }),
  z.object({
    kind: z.literal('response'),
    status: z.number().int().min(100).max(699),
    reason: z.string(),
    /** Where it came from, `ip:port`, and by what; empty for one the engine made itself. */
    source: z.string(),
    transport: z.string(),
    /** Lower-case names; only what the owner of the call may need. */
    headers: z.record(z.string(), z.string()),
    body: z.string().max(MAX_BODY_BYTES).optional(),
  }),
  z.object({ kind: z.literal('failed') }),
]);
export type PlacementEvent = z.infer<typeof PlacementEvent>;

export const tellPlacement = defineRequest('callweave.rpc.edge.{instance}.leg.progress', {
  service: 'edge-signaling',
  summary: 'What becomes of a request, to the edge that had it sent; told in order, and again until it is heard.',
  request: z.object({ placement: PlacementId, sequence: Sequence, event: PlacementEvent }),
  /** Nobody waits for it any more: it is cancelled, or hung up. */
  response: z.object({ wanted: z.boolean() }),
});

export const watchPlacements = defineRequest('callweave.rpc.edge.{instance}.leg.watch', {
  service: 'edge-signaling',
  summary: 'The heartbeat of placed requests, once a second: these are still wanted; which of them are still open?',
  request: z.object({ placements: z.array(PlacementId) }),
  response: z.object({ known: z.array(PlacementId) }),
});
