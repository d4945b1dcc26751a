import { type LegId, type MediaProfile, type Tenant, type User } from '@callweave/contracts';
import { type IncomingRequest } from '@callweave/srf';
import { sessionHeaders } from '../call/exchange.ts';
import { createLegId } from '../leg/leg-id.ts';
import { type SendRequest } from '../leg/leg.ts';
import { UasLeg } from '../leg/uas-leg.ts';
import { findDialog, type FindDialogDeps } from './find-dialog.ts';
import { newMediaId, type SearchEvents } from './newcomer.ts';
import { type Replaces } from './replaces.ts';
import { Transfer, type TransferDeps } from './transfer.ts';

/** An authenticated INVITE with Replaces. */
export interface Replacement {
  readonly request: IncomingRequest;
  readonly tenant: Tenant;
  readonly user: User;
  readonly isHidden: boolean;
  readonly replaces: Replaces;
  readonly sdp: string | undefined;
  readonly profile: MediaProfile;
}

export type TakePlaceDeps = TransferDeps & FindDialogDeps & { readonly send: SendRequest };

/** Puts whoever sent the INVITE in the place of the party it names, who is hung up. RFC 3891 §3. */
export async function takePlace({ request, ...about }: Replacement, deps: TakePlaceDeps): Promise<void> {
  const cancelled = new AbortController();
  request.onCancel(() => cancelled.abort());
  const found = await findDialog(about.tenant, about.replaces, deps);
  // The engine has answered the CANCEL and the INVITE by itself.
  if (cancelled.signal.aborted) return;
  const refusal = found.kind === 'refuse' ? found.status : found.call.replacing === undefined ? undefined : 491;
  // Without an offer there is nothing to show the party that remains.
  if (found.kind === 'refuse' || refusal !== undefined || about.sdp === undefined) {
    await request.reply({ status: refusal ?? 488 });
    return;
  }
  const { call, side } = found;
  const replaced = call.parts[side];
  const { sdp, profile, user, isHidden } = about;
  const mediaId = newMediaId(call);
  let events: SearchEvents | undefined;
  const leg = answeringLeg(request, createLegId(call.parts.callId), () => events?.failed(487), deps);
  const search = {
    start: (told: SearchEvents): void => {
      events = told;
      const answer = (body: string): void => leg.answer({ status: 200, headers: sessionHeaders, body });
      told.found({ leg, user, isHidden, profile, sdp, mediaId, node: undefined, replaces: undefined, answer });
    },
    stop: (status: number) => leg.refuse({ status }),
    kept: () => undefined,
  };
  const initiator = {
    progress: () => undefined,
    failed: () => undefined,
    done: () => replaced.hangUp(),
    left: () => undefined,
  };
  new Transfer({ call, side, search, initiator }, deps).start();
}

function answeringLeg(
  invite: IncomingRequest,
  legId: LegId,
  cancelled: () => void,
  { legs, calls, send }: Pick<TakePlaceDeps, 'legs' | 'calls' | 'send'>,
): UasLeg {
  const leg = new UasLeg(invite, {
    legId,
    send,
    events: {
      cancelled,
      bye: () => calls.left(legId),
      lost: () => (calls.has(legId) ? calls.lost(legId) : cancelled()),
      request: (request) => calls.relay(request, legId),
      acknowledged: (sdp) => calls.acknowledged(legId, sdp),
      disposed: () => legs.delete(legId),
    },
  });
  legs.add(leg);
  return leg;
}
