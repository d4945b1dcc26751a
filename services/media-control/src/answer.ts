import { type Answer, answer } from '@callweave/bus';
import { answerMedia } from '@callweave/contracts';
import { type MediaDeps, patience, settle } from './offer.ts';

/**
 * Completes offers with their answers, at the node that holds the call. It may have been anchored in the name of a life
 * that was over by then, as nobody had noticed: the one after it is asked, and says whether it has the call.
 */
export function answerAnswer({ pool, log }: MediaDeps): Answer {
  return answer(answerMedia, async (question, { leftMs }) => {
    const { callId, node: id } = question;
    const node = (await pool.findNow(id)) ?? pool.successorOf(id);
    if (node === undefined) {
      log.warn('answer.node-gone', { callId, node: id });
      return { kind: 'no-node' as const };
    }
    return settle(node, await node.answer(question, patience(node, leftMs)), { callId, log });
  });
}
