import { type Answer, answer, BusUnavailableError } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import { offerMedia } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { type z } from 'zod';
import { type NodeReply } from './media-node.ts';
import { type NodePool } from './node-pool.ts';
import { type PooledNode } from './pooled-node.ts';

export interface MediaDeps {
  readonly pool: NodePool;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether questions that are read now may be old, and another replica has answered them in the meantime. */
  readonly mayBeStale: () => boolean;
}

type Question = z.output<typeof offerMedia.request>;
type Reply = z.input<typeof offerMedia.response>;

/** Longest a node is waited for before another is tried; shorter than the 300 ms an edge gives one of us. */
export const TRY_MS = 200;
/** A node that holds the call and was there a moment ago is worth more patience: no other can take its place. */
const HOLDER_MS = 1_000;
/** Nodes one question may try. */
const MAX_TRIES = 4;

/** Anchors offers: new calls where there is room, later offers where the call is. */
export function answerOffer(deps: MediaDeps): Answer {
  return answer(offerMedia, async (question, { leftMs, isRepeated, isAwaited }) => {
    if (question.node !== undefined) return anchorAt(deps, question, leftMs);
    const { reply, passedOver } = await anchorAnywhere(deps, question, leftMs);
    // Who was asked since may have anchored it at any of them. What is left there then ends by the node's own time-out.
    if (!isAwaited()) return reply;
    // Another replica may have anchored it elsewhere, and nobody would ever release it there.
    for (const node of isRepeated ? deps.pool.nodes : passedOver) {
      if (reply.kind !== 'anchored' || node.id !== reply.node) node.owe(question.callId);
    }
    return reply;
  });
}

interface Anchoring {
  readonly reply: Reply;
  /** Each may keep the call all the same, even one that says it has no room for it. */
  readonly passedOver: readonly PooledNode[];
}

async function anchorAnywhere(
  { pool, clock, log, mayBeStale }: MediaDeps,
  question: Question,
  leftMs: number,
): Promise<Anchoring> {
  // Anchored a second time, perhaps elsewhere, the call would stay there after its end: nobody knows of that.
  if (mayBeStale()) throw new BusUnavailableError('this replica stood still and may be late');
  const end = clock.monotonicMs() + leftMs;
  const tried: string[] = [];
  const passedOver: PooledNode[] = [];
  for (const node of pool.candidates(question.callId).slice(0, MAX_TRIES)) {
    const timeoutMs = Math.min(TRY_MS, end - clock.monotonicMs());
    if (timeoutMs <= 0) break;
    const reply = await node.offer(question, timeoutMs);
    if (reply.kind === 'unusable') {
      // A node keeps a call it has refused to anchor.
      await node.release(question.callId, TRY_MS);
      return { reply, passedOver };
    }
    if (reply.kind === 'sdp') {
      // What answers where nobody did may be another life, and is to be called by its name.
      if (node.health !== 'up') await node.look();
      return { reply: anchored(node, reply.sdp), passedOver };
    }
    passedOver.push(node);
    tried.push(`${node.address} ${describe(reply)}`);
    log.warn('offer.elsewhere', { callId: question.callId, node: node.address, outcome: reply.kind });
  }
  log.error('offer.no-node', { callId: question.callId, tried });
  return { reply: { kind: 'no-node' }, passedOver };
}

async function anchorAt({ pool, log }: MediaDeps, question: Question, leftMs: number): Promise<Reply> {
  const { node: id, callId } = question;
  const node = id === undefined ? undefined : await pool.findNow(id);
  if (node === undefined) {
    log.warn('offer.node-gone', { callId, node: id });
    return { kind: 'no-node' };
  }
  return settle(node, await node.offer(question, patience(node, leftMs)), { callId, log });
}

/** How long to wait for the node that holds a call. */
export function patience({ health }: PooledNode, leftMs: number): number {
  return Math.min(health === 'up' ? HOLDER_MS : TRY_MS, leftMs);
}

/** What the asker is told of a reply of the node that holds the call. */
export function settle(node: PooledNode, reply: NodeReply, { callId, log }: { callId: string; log: Logger }): Reply {
  if (reply.kind === 'sdp') return anchored(node, reply.sdp);
  if (reply.kind === 'unusable') return reply;
  log.warn('media.lost', { callId, node: node.address, outcome: describe(reply) });
  return { kind: 'no-node' };
}

function anchored({ id }: PooledNode, sdp: string): Reply {
  return id === undefined ? { kind: 'no-node' } : { kind: 'anchored', sdp, node: id };
}

function describe(reply: NodeReply): string {
  return reply.kind === 'refused' ? `refused: ${reply.reason}` : reply.kind;
}
