import { type Answer, answer } from '@callweave/bus';
import { deleteMedia } from '@callweave/contracts';
import { type MediaDeps, patience, TRY_MS } from './offer.ts';

/**
 * Releases the media of calls, with what was relayed. A life that is over has released everything already, but the one
 * after it is told: a replica that had not noticed yet may have called it by the name of that before. A node that does
 * not answer now is told when it does, and so are all when nobody says which it is.
 */
export function answerRelease({ pool, log }: MediaDeps): Answer {
  return answer(deleteMedia, async ({ callId, node: id }, { leftMs }) => {
    if (id === undefined) {
      for (const node of pool.nodes) node.owe(callId);
      return { found: false };
    }
    const node = await pool.findNow(id);
    if (node === undefined) {
      pool.successorOf(id)?.owe(callId);
      log.info('release.node-gone', { callId, node: id });
      return { found: false };
    }
    const totals = await node.query(callId, Math.min(TRY_MS, leftMs));
    if (totals.kind === 'silent') {
      node.owe(callId);
      log.warn('release.later', { callId, node: id });
      return { found: false };
    }
    const { kind } = await node.release(callId, patience(node, leftMs));
    if (totals.kind !== 'totals') return { found: kind === 'deleted' };
    return { found: kind === 'deleted', statistics: totals.statistics, sides: totals.sides };
  });
}
