import { SipSyntaxError } from '@callweave/sip';
import { answerInSpan, type RequestHandler } from '@callweave/srf';
import { dialogIdentity, tagOf } from '../leg/dialog.ts';
import { type LegTable } from '../leg/leg.ts';

/** Gives a request inside a dialog to its leg; one that belongs to none is answered 481. RFC 3261 §12.2.2. */
export function inDialogHandler(legs: LegTable): RequestHandler {
  return async (request) => {
    try {
      const leg = legs.find(tagOf(request, 'to') ?? '', dialogIdentity(request, 'from'));
      // The engine's own BYE has our tag in From.
      const ours = leg ?? legs.find(tagOf(request, 'from') ?? '', dialogIdentity(request, 'to'));
      const attributes = ours === undefined ? {} : { 'callweave.leg_id': ours.legId };
      await answerInSpan(request, { parent: ours?.trace, attributes }, async (traced) => {
        if (ours !== undefined) await ours.receive(traced);
        else if (request.method !== 'ACK') await traced.reply({ status: 481 });
      });
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;
      if (request.method !== 'ACK') await request.reply({ status: 400, reason: `Bad Request (${error.rule})` });
    }
  };
}
