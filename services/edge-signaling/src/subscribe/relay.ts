import { type InstanceId } from '@callweave/contracts';
import { parseUri, SipSyntaxError } from '@callweave/sip';
import { type IncomingRequest, type Reply } from '@callweave/srf';
import { tagOf } from '../leg/dialog.ts';
import { type SendThrough } from '../leg/leg.ts';
import { ask, contactOf } from './ask.ts';
import { type Beginnings } from './beginnings.ts';
import { passedReply } from './pass.ts';
import { movedBy, type Side, type SideSealer, sideOf } from './side.ts';

export interface RelayDeps {
  readonly sendThrough: SendThrough;
  readonly owner: () => InstanceId;
  readonly sealer: SideSealer;
  readonly beginnings: Pick<Beginnings, 'begin' | 'end' | 'over'>;
}

/**
 * Passes NOTIFYs to the subscriber and refreshes to the notifier. All that is needed stands in the request itself, which
 * came to the Contact that an edge had made: it works at any edge, and after the death of any. RFC 6665 §4.1.2, §4.2.2
 */
export class SubscriptionRelay {
  readonly #deps: RelayDeps;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
  }

  /** The side this request is for; undefined when it belongs to no subscription of ours. */
  sideOf({ uri, method }: Pick<IncomingRequest, 'uri' | 'method'>): Side | undefined {
    if (method !== 'NOTIFY' && method !== 'SUBSCRIBE') return undefined;
    try {
      const parsed = parseUri(uri);
      return parsed.kind === 'sip' ? this.#deps.sealer.open(parsed.user ?? '') : undefined;
    } catch (error) {
      if (error instanceof SipSyntaxError) return undefined;
      throw error;
    }
  }

  /** Passes a request on to `side`, and its answer back. */
  async pass(request: IncomingRequest, side: Side): Promise<void> {
    const { beginnings } = this.#deps;
    const { localTag } = side;
    if (request.method === 'NOTIFY') {
      await beginnings.over(localTag);
      await request.reply(await this.#answerTo(request, side));
      return;
    }
    beginnings.begin(localTag);
    try {
      await request.reply(await this.#answerTo(request, side));
    } finally {
      beginnings.end(localTag);
    }
  }

  async #answerTo(request: IncomingRequest, side: Side): Promise<Reply> {
    const { sendThrough, owner, sealer } = this.#deps;
    const { callId, localTag, remoteTag, localUri, remoteUri, remoteTarget, nextHop, edge, routeSet } = side;
    // Whoever got hold of a Contact has not got the dialog.
    if (tagOf(request, 'to') !== localTag) return { status: 481 };
    const from = sideOf(request, localTag, { known: side, owner: owner() });
    if (from.remoteTarget === '') return { status: 400, reason: 'Bad Request (contact)' };
    const response = await ask(sendThrough(edge), request, {
      uri: remoteTarget,
      nextHop,
      headers: {
        'Call-ID': callId,
        From: `${localUri};tag=${localTag}`,
        To: `${remoteUri};tag=${remoteTag}`,
        ...(routeSet.length === 0 ? {} : { Route: routeSet.map((route) => `<${route}>`) }),
      },
      contact: sealer.seal(from),
    });
    // Who cannot be reached has no subscription any more, RFC 6665 §4.2.2.
    if (response === undefined) return { status: 481 };
    const reply = passedReply(response);
    if (response.status >= 300) return reply;
    const answered = { ...movedBy(response, side), otherRouteSet: from.routeSet };
    return { ...reply, headers: { ...reply.headers, Contact: contactOf(sealer.seal(answered)) } };
  }
}
