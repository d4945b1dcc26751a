import { type User } from '@callweave/contracts';
import { placeholder } from '@callweave/sdp';
import { parseNameAddr, parseUri } from '@callweave/sip';
import { type IncomingRequest } from '@callweave/srf';
import { assertIdentity, type Identity } from '../admit/identity.ts';
import { type CallTeller } from '../call/call-ports.ts';
import { type EstablishedCall } from '../call/established-call.ts';
import { sessionHeaders } from '../call/exchange.ts';
import { Itinerary, type ItineraryDeps } from '../call/itinerary.ts';
import { otherSide, type Side } from '../call/session.ts';
import { createLegId } from '../leg/leg-id.ts';
import { unavailable } from '../unavailable.ts';
import { findDialog, type FindDialogDeps } from './find-dialog.ts';
import { newMediaId, type Remaining, type Search, type SearchEvents } from './newcomer.ts';
import { OtherCall } from './other-call.ts';
import { Outdial, type OutdialDeps } from './outdial.ts';
import { parseRefer, type Referral } from './parse-refer.ts';
import { referrer } from './referrer.ts';
import { type Replaces } from './replaces.ts';
import { Transfer, type TransferDeps } from './transfer.ts';

/** Transfers one call goes through; phones that send each other's calls on end here. */
export const MAX_TRANSFERS = 20;

export type TransfersDeps = TransferDeps &
  Omit<OutdialDeps, 'answered'> &
  ItineraryDeps &
  FindDialogDeps & {
    /** Why nobody may be called from here now; undefined when they may. */
    readonly notReady: () => string | undefined;
  };

/** Does what a REFER inside an answered call asks for; it is passed to nobody. RFC 3515, RFC 5589. */
export class Transfers {
  readonly #deps: TransfersDeps;

  constructor(deps: TransfersDeps) {
    this.#deps = deps;
  }

  async refer(request: IncomingRequest, side: Side, call: EstablishedCall): Promise<void> {
    if (this.#deps.notReady() !== undefined) {
      await request.reply(unavailable());
      return;
    }
    const parsed = parseRefer(request);
    if (parsed.kind === 'refuse') {
      await request.reply(parsed.reply);
      return;
    }
    const user = call.parts.users[side];
    const refusal = refusalOf(call, user);
    if (refusal !== undefined || user === undefined) {
      await request.reply({ status: refusal ?? 403 });
      return;
    }
    const { referral } = parsed;
    const { isSubscribed, id } = referral;
    const leg = call.parts[side];
    const search = this.#search(referral, { call, side, user });
    const initiator = referrer(leg, { id, isSubscribed, clock: this.#deps.clock });
    // It claims the call at once: the next REFER may be here before our answer has left.
    const transfer = new Transfer({ call, side, search, initiator }, this.#deps);
    const quiet = isSubscribed ? {} : { 'Refer-Sub': 'false' };
    const accepted = request.reply({ status: 202, headers: { Contact: sessionHeaders.Contact, ...quiet } });
    transfer.start();
    await accepted;
  }

  #search({ dialled, to, replaces }: Referral, { call, side, user }: Referred): Search {
    const { tenant } = call.parts;
    const { [side]: referring } = call.parts;
    const remaining = remainingOf(call, otherSide(side));
    if (replaces !== undefined) return this.#attended(replaces, call, remaining);
    const { remoteUri } = referring.dialog;
    const domain = domainOf(remoteUri);
    const referredBy = call.parts.hidden[side] ? undefined : remoteUri;
    const identity = identityOf(call, otherSide(side), domain);
    const note: CallTeller['note'] = (change) => call.teller.note(change);
    const mediaId = newMediaId(call);
    // The referrer may send a call where he may call himself.
    const question = { tenant, callId: mediaId, source: { kind: 'user', user }, dialled, domain } as const;
    const itinerary = new Itinerary(question, this.#deps, ({ by, dialled: next, reason }) =>
      note({ kind: 'forwarded', by, to: next, reason }),
    );
    const deps = { ...this.#deps, answered: this.#deps.calls };
    return new Outdial({ tenant, mediaId, itinerary, to, referredBy, identity, note, remaining }, deps);
  }

  /** The other call is looked for only once the REFER is answered: what is wrong with it is told by NOTIFY. */
  #attended(replaces: Replaces, call: EstablishedCall, remaining: Remaining): Search {
    let search: Search | undefined;
    let stopped: number | undefined;
    const start = async (events: SearchEvents): Promise<void> => {
      const found = await findDialog(call.parts.tenant, replaces, this.#deps);
      if (stopped !== undefined) return;
      if (found.kind === 'refuse') events.failed(found.status);
      else if (found.call === call) events.failed(481);
      else {
        const mediaId = newMediaId(call, found.call);
        search = new OtherCall({ call: found.call, side: found.side, mediaId, remaining }, this.#deps);
        search.start(events);
      }
    };
    return {
      start: (events) => {
        start(events).catch((error: unknown) => {
          this.#deps.log.error('transfer.find-failed', { callId: call.parts.callId, err: error });
          events.failed(500);
        });
      },
      stop: (status) => {
        stopped = status;
        search?.stop(status);
      },
      kept: (stored) => search?.kept(stored),
    };
  }
}

interface Referred {
  readonly call: EstablishedCall;
  readonly side: Side;
  /** Whose device sent the REFER. */
  readonly user: User;
}

/** Why a call cannot be transferred now. Without an account there is nobody who may. */
function refusalOf(call: EstablishedCall, user: User | undefined): number | undefined {
  if (user === undefined) return 403;
  // One at a time: the second of two who refer at once finds the first under way.
  if (call.replacing !== undefined) return 491;
  return call.parts.transfers >= MAX_TRANSFERS ? 482 : undefined;
}

/** Who stays on this side of a call while somebody is looked for. */
export function remainingOf({ parts, session }: EstablishedCall, side: Side): Remaining {
  const { sdp, holds } = session[side];
  return { leg: parts[side], standIn: createLegId(), sdp: placeholder(sdp, holds ? 'sendonly' : 'sendrecv') };
}

/** Under which a party of an answered call calls somebody else. */
export function identityOf({ parts }: EstablishedCall, side: Side, domain: string): Identity {
  const from = parts[side].dialog.remoteUri;
  const isHidden = parts.hidden[side];
  const claimed = { from, privacy: isHidden ? 'id' : undefined, isHidden };
  const user = parts.users[side];
  return user === undefined ? { ...claimed, asserted: undefined } : assertIdentity(claimed, user, domain);
}

export function domainOf(address: string): string {
  const uri = parseUri(parseNameAddr(address).uri);
  return uri.kind === 'sip' ? uri.host : '';
}
