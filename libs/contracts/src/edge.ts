import { z } from 'zod';
import { defineRequest } from './define.ts';
import { InstanceId, LegId } from './primitives.ts';

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
