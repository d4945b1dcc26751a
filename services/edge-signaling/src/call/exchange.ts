import { type CallId, type MediaNodeId, type Tenant } from '@callweave/contracts';
import { type IncomingResponse, type Reply, type SentRequest } from '@callweave/srf';
import { abilities } from '../abilities.ts';
import { type Leg } from '../leg/leg.ts';
import { passedStatus } from '../leg/passed-status.ts';
import { unavailable } from '../unavailable.ts';
import { type Anchored, type Media } from './call-ports.ts';
import { profileOfSdp } from './media-profile.ts';
import { otherSide, type Session, type Side } from './session.ts';

/** Where a session is changed. */
export interface ExchangePlace {
  readonly tenant: Tenant;
  readonly callId: CallId;
  readonly caller: Leg;
  readonly callee: Leg;
  readonly node: MediaNodeId;
  readonly media: Pick<Media, 'offer' | 'answer'>;
}

/** What became of an offer. */
export type Exchanged =
  | { readonly kind: 'answered'; readonly answer: string; readonly sdp: string; readonly response: IncomingResponse }
  /** The media could not follow, and the peer was asked for nothing. */
  | { readonly kind: 'not-offered'; readonly reply: Reply }
  /** The peer goes on as before; with 408 or 481 it has no such dialog any more. */
  | { readonly kind: 'refused'; readonly reply: Reply; readonly isGone: boolean }
  /** The peer has agreed to something that its answer does not say. */
  | { readonly kind: 'half-done'; readonly reply: Reply };

export interface Offer {
  readonly from: Side;
  readonly method: 'INVITE' | 'UPDATE';
  readonly sdp: string;
  /** Is given the peer's request as soon as it is on its way. */
  readonly underWay?: ((sent: SentRequest) => void) | undefined;
}

/** Headers of everything that carries a session: what follows it comes back to us, and may be what we know. */
export const sessionHeaders = {
  Contact: '<sip:callweave@localhost>',
  ...abilities,
  'Content-Type': 'application/sdp',
};

/** Takes an offer of one side through the media node to the other, and the answer back as far as us. RFC 3261 §14.1. */
export async function exchange(place: ExchangePlace, session: Session, offer: Offer): Promise<Exchanged> {
  const { tenant, callId, node, media } = place;
  const { from, method, sdp, underWay } = offer;
  const to = otherSide(from);
  const about = { tenant, callId, fromLeg: place[from].legId, toLeg: place[to].legId, node };
  const offered = await media.offer({ ...about, sdp, profile: session[to].profile });
  if (offered.kind !== 'anchored') return { kind: 'not-offered', reply: mediaRefusal(offered) };
  const response = await ask(place[to], { method, body: offered.sdp, underWay });
  if (response === undefined || response.status >= 300) return refusalOf(response);
  if (method === 'INVITE') response.acknowledge();
  if (response.body === undefined) return { kind: 'half-done', reply: { status: 500 } };
  const answered = await media.answer({ ...about, sdp: response.body, profile: profileOfSdp(sdp) });
  if (answered.kind !== 'anchored') return { kind: 'half-done', reply: mediaRefusal(answered) };
  return { kind: 'answered', answer: response.body, sdp: answered.sdp, response };
}

/** Tells the media node what it knew before an offer that came to nothing. */
export async function restoreMedia(place: ExchangePlace, session: Session, from: Side): Promise<void> {
  const { tenant, callId, node, media } = place;
  const to = otherSide(from);
  const { sdp: offer } = session[from];
  const { sdp: answer } = session[to];
  if (offer === undefined || answer === undefined) return;
  const about = { tenant, callId, fromLeg: place[from].legId, toLeg: place[to].legId, node };
  await media.offer({ ...about, sdp: offer, profile: session[to].profile });
  await media.answer({ ...about, sdp: answer, profile: session[from].profile });
}

/**
 * The final response; undefined when the request could not be sent. Without a body it asks for an offer. A 2xx to INVITE
 * is for the asker to acknowledge.
 */
export function ask(
  peer: Leg,
  { method, body, underWay }: Pick<Offer, 'method' | 'underWay'> & { readonly body?: string },
): Promise<IncomingResponse | undefined> {
  const headers = body === undefined ? { Contact: sessionHeaders.Contact } : sessionHeaders;
  return new Promise((resolve) => {
    const sent = peer.request(
      { method, headers, body },
      {
        responded: (response) => {
          if (response.status >= 200) resolve(response);
        },
        failed: () => resolve(undefined),
      },
    );
    underWay?.(sent);
  });
}

/** What a failure of the peer's, or none at all, is for the side that asked. */
export function refusalOf(response: IncomingResponse | undefined): Exchanged & { kind: 'refused' } {
  if (response === undefined) return { kind: 'refused', reply: { status: 500 }, isGone: false };
  const isGone = response.status === 408 || response.status === 481;
  return { kind: 'refused', reply: refusal(response), isGone };
}

/** What the media made impossible: 488 for a description nobody can use, else 503 and the session stays. */
export function mediaRefusal(anchored: Exclude<Anchored, { kind: 'anchored' }>): Reply {
  return anchored.kind === 'unusable' ? { status: 488, reason: 'Not Acceptable Here' } : unavailable();
}

/** The peer's refusal as the other side may see it. */
function refusal(response: IncomingResponse): Reply {
  const status = passedStatus(response.status);
  if (status !== response.status) return { status };
  const headers: Record<string, string> = {};
  for (const name of ['Retry-After', 'Warning']) {
    const value = response.header(name);
    if (value !== undefined) headers[name] = value;
  }
  return { status, reason: response.reason, headers };
}
