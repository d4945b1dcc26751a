import { type IncomingResponse, type SentRequest } from '@callweave/srf';
import { ask, type Exchanged, type ExchangePlace, mediaRefusal, refusalOf } from './exchange.ts';
import { type Anchored } from './call-ports.ts';
import { otherSide, type Session, type Side } from './session.ts';

/**
 * An offer that came in a 2xx, because the INVITE left it to the other side; the answer comes with the ACK. RFC 3261
 * §13.2.1, §14.1.
 */
export interface LateOffer {
  /** Whose offer it is. */
  readonly by: Side;
  readonly sdp: string;
  /** Acknowledges the 2xx, with the answer if there is one; once. */
  acknowledge(answer?: string): void;
}

/** What became of an INVITE without a session. */
export type Offered =
  | { readonly kind: 'offered'; readonly late: LateOffer; readonly sdp: string; readonly response: IncomingResponse }
  | Exclude<Exchanged, { kind: 'answered' }>;

/**
 * Asks one side for an offer on behalf of the other, and takes it through the media node as far as us. One that comes
 * when the call is over takes no ports of the node any more: nobody would release them.
 */
export async function askForOffer(
  place: ExchangePlace,
  session: Session,
  from: Side,
  { underWay, isOver }: { readonly underWay: (sent: SentRequest) => void; readonly isOver: () => boolean },
): Promise<Offered> {
  const by = otherSide(from);
  const response = await ask(place[by], { method: 'INVITE', underWay });
  if (response === undefined || response.status >= 300) return refusalOf(response);
  const { body } = response;
  if (body === undefined || isOver()) {
    response.acknowledge();
    return { kind: 'half-done', reply: { status: 500 } };
  }
  const late = lateOffer(by, body, response);
  const { tenant, callId, node, media } = place;
  const about = { tenant, callId, fromLeg: place[by].legId, toLeg: place[from].legId, node };
  const offered = await media.offer({ ...about, sdp: body, profile: session[from].profile });
  if (offered.kind === 'anchored') return { kind: 'offered', late, sdp: offered.sdp, response };
  late.acknowledge();
  return { kind: 'half-done', reply: mediaRefusal(offered) };
}

/** Takes the answer of an ACK back through the media node to whoever offered. */
export async function answerLate(
  place: ExchangePlace,
  session: Session,
  late: LateOffer,
  sdp: string,
): Promise<Anchored['kind']> {
  const { tenant, callId, node, media } = place;
  const { legId: toLeg } = place[otherSide(late.by)];
  const about = { tenant, callId, fromLeg: place[late.by].legId, toLeg, branch: toLeg, node };
  const answered = await media.answer({ ...about, sdp, profile: session[late.by].profile });
  late.acknowledge(answered.kind === 'anchored' ? answered.sdp : undefined);
  return answered.kind;
}

/** What both sides said when a session was agreed to anew. */
export type Renewed =
  | {
      readonly kind: 'answered';
      readonly offer: Said;
      readonly answer: Said;
    }
  | Exclude<Exchanged, { kind: 'answered' }>;

interface Said {
  readonly sdp: string;
  readonly response: IncomingResponse;
}

/** Asks `side` for an offer, and the other side to answer it. RFC 3725 §4.2 */
export async function renewSession(place: ExchangePlace, session: Session, side: Side): Promise<Renewed> {
  const never = { underWay: () => undefined, isOver: () => false };
  const offered = await askForOffer(place, session, otherSide(side), never);
  if (offered.kind !== 'offered') return offered;
  const { late, sdp, response } = offered;
  const answered = await ask(place[otherSide(side)], { method: 'INVITE', body: sdp });
  if (answered === undefined || answered.status >= 300) {
    late.acknowledge();
    return { ...refusalOf(answered), isGone: false };
  }
  answered.acknowledge();
  const { body } = answered;
  if (body === undefined || (await answerLate(place, session, late, body)) !== 'anchored') {
    late.acknowledge();
    return { kind: 'half-done', reply: { status: 500 } };
  }
  return { kind: 'answered', offer: { sdp: late.sdp, response }, answer: { sdp: body, response: answered } };
}

/** The offer of a 2xx that is not acknowledged yet. */
export function lateOffer(by: Side, sdp: string, response: Pick<IncomingResponse, 'acknowledge'>): LateOffer {
  let isAcknowledged = false;
  return {
    by,
    sdp,
    acknowledge: (answer) => {
      if (isAcknowledged) return;
      isAcknowledged = true;
      response.acknowledge(answer === undefined ? undefined : { type: 'application/sdp', content: answer });
    },
  };
}
