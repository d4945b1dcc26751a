import { SipSyntaxError } from '@callweave/sip';
import { answerInSpan, type IncomingRequest, type RequestHandler } from '@callweave/srf';
import { type EstablishedCalls } from '../call/established-calls.ts';
import { dialogIdentity, tagOf } from '../leg/dialog.ts';
import { type Leg, type LegTable } from '../leg/leg.ts';
import { type Doubts } from '../survive/doubts.ts';
import { type SubscriptionRelay } from '../subscribe/relay.ts';
import { type Strays } from '../survive/strays.ts';

export interface InDialogDeps {
  readonly legs: LegTable;
  readonly calls: EstablishedCalls;
  readonly doubts: Pick<Doubts, 'settle'>;
  readonly strays: Pick<Strays, 'handle'>;
  readonly subscriptions: Pick<SubscriptionRelay, 'sideOf' | 'pass'>;
}

/** Gives a request inside a dialog to its leg, wherever that is; one that belongs to none is answered 481. */
export function inDialogHandler({ legs, calls, doubts, strays, subscriptions }: InDialogDeps): RequestHandler {
  const inHand = async (request: IncomingRequest): Promise<Leg | undefined> => {
    const leg =
      legs.find(tagOf(request, 'to') ?? '', dialogIdentity(request, 'from')) ??
      // The engine's own BYE has our tag in From.
      legs.find(tagOf(request, 'from') ?? '', dialogIdentity(request, 'to'));
    const call = leg === undefined ? undefined : calls.ofLeg(leg.legId);
    return call === undefined || (await doubts.settle(call)) ? leg : undefined;
  };
  return async (request) => {
    try {
      const side = subscriptions.sideOf(request);
      if (side !== undefined) {
        await answerInSpan(request, { parent: undefined }, (traced) => subscriptions.pass(traced, side));
        return;
      }
      const leg = await inHand(request);
      // The engine's own BYE is from us to the peer.
      const [ours, theirs] = request.isFromEngine ? (['from', 'to'] as const) : (['to', 'from'] as const);
      if (leg === undefined) await strays.handle(request, tagOf(request, ours) ?? '', dialogIdentity(request, theirs));
      else {
        const attributes = { 'callweave.leg_id': leg.legId };
        await answerInSpan(request, { parent: leg.trace, attributes }, (traced) => leg.receive(traced));
      }
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;
      if (request.method !== 'ACK') await request.reply({ status: 400, reason: `Bad Request (${error.rule})` });
    }
  };
}
