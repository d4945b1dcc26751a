import { type Clock, sleep } from '@callweave/clock';
import { type LegId, type MediaNodeId, type MediaProfile, type Tenant } from '@callweave/contracts';
import { type IncomingResponse } from '@callweave/srf';
import { type Media } from '../call/call-ports.ts';
import { type Places } from '../call/place.ts';
import { ask, mediaRefusal, refusalOf } from '../call/exchange.ts';
import { type Leg } from '../leg/leg.ts';
import { type Newcomer } from './newcomer.ts';

/** Who is to meet whom, and where. */
export interface Meeting {
  readonly tenant: Tenant;
  /** Who stays. */
  readonly remaining: Leg;
  /** What his media must look like. */
  readonly profile: MediaProfile;
  readonly newcomer: Pick<Newcomer, 'sdp' | 'profile' | 'mediaId' | 'node'> & { readonly legId: LegId };
  readonly media: Pick<Media, 'offer' | 'answer'>;
  /** Of the newcomer, and of who remains. */
  readonly places: Places | undefined;
  /** Whether it is still to be. */
  readonly isWanted: () => boolean;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly clock: Clock;
}

/** How often a party is asked again that changes its session itself at that moment, and how long after at most. RFC 3261 §14.1 */
const GLARE_ATTEMPTS = 3;
const GLARE_MS = 2_000;

export type Introduced =
  | {
      readonly kind: 'agreed';
      readonly node: MediaNodeId;
      /** What the remaining party has answered, and what the newcomer is to be told of it. */
      readonly answer: string;
      readonly sdp: string;
      readonly response: IncomingResponse;
    }
  /** With the node that may hold some of it. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      /** The remaining party has no such dialog any more. */
      readonly isGone: boolean;
      /** He has agreed to what is not to be. */
      readonly isHalfDone: boolean;
      readonly node: MediaNodeId | undefined;
    };

/** Offers the remaining party of a call the newcomer in the place of whom he talked to. RFC 5589 §6, RFC 3725 §4. */
export async function introduce(meeting: Meeting): Promise<Introduced> {
  const { tenant, remaining, profile, newcomer, media, places } = meeting;
  const { legId: fromLeg, sdp, node, mediaId: callId } = newcomer;
  const about = { tenant, callId, fromLeg, branch: remaining.legId };
  const offered = await media.offer({ ...about, node, sdp, profile, places });
  if (offered.kind !== 'anchored') return refused(mediaRefusal(offered).status, { node });
  const response = await askInTurn(meeting, offered.sdp);
  if (response === undefined || response.status >= 300) {
    const { reply, isGone } = refusalOf(response);
    return refused(reply.status, { node: offered.node, isGone });
  }
  response.acknowledge();
  const { body: answer } = response;
  if (answer === undefined) return refused(500, { node: offered.node, isHalfDone: true });
  const toLeg = remaining.legId;
  const at = { ...about, toLeg, node: offered.node };
  const answered = await media.answer({ ...at, sdp: answer, profile: newcomer.profile });
  if (answered.kind !== 'anchored')
    return refused(mediaRefusal(answered).status, { node: offered.node, isHalfDone: true });
  return { kind: 'agreed', node: offered.node, answer, sdp: answered.sdp, response };
}

async function askInTurn(
  { remaining, isWanted, random, clock }: Meeting,
  body: string,
): Promise<IncomingResponse | undefined> {
  for (let attempt = 1; ; attempt++) {
    const response = await ask(remaining, { method: 'INVITE', body });
    if (response?.status !== 491 || attempt === GLARE_ATTEMPTS) return response;
    await sleep(clock, GLARE_MS * random());
    if (!isWanted()) return response;
  }
}

function refused(
  status: number,
  {
    node,
    isGone = false,
    isHalfDone = false,
  }: { node: MediaNodeId | undefined; isGone?: boolean; isHalfDone?: boolean },
): Introduced {
  return { kind: 'refused', status, isGone, isHalfDone, node };
}
