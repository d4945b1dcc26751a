import { type Answer, answer } from '@callweave/bus';
import { type InstanceId, listMediaNodes, queryMedia } from '@callweave/contracts';
import { type MediaDeps, patience } from './offer.ts';

/** Tells what a node knows of a call now. */
export function answerQuery({ pool }: MediaDeps): Answer {
  return answer(queryMedia, async ({ callId, node: id }, { leftMs }) => {
    const node = await pool.findNow(id);
    const totals = node === undefined ? undefined : await node.query(callId, patience(node, leftMs));
    return totals?.kind === 'totals' ? { found: true, statistics: totals.statistics } : { found: false };
  });
}

/** Tells operators and other replicas how the nodes look from here. */
export function answerNodes({ pool, observer }: Pick<MediaDeps, 'pool'> & { readonly observer: InstanceId }): Answer {
  return answer(listMediaNodes, () =>
    Promise.resolve({
      observer,
      nodes: pool.nodes.map(({ address, id, health, load }) => ({
        address,
        ...(id === undefined ? {} : { node: id }),
        up: health === 'up' || health === 'shaky',
        sessions: load,
      })),
    }),
  );
}
