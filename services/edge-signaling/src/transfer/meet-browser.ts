import { type CallId, mediaIdAfter } from '@callweave/contracts';
import { copyText } from '@callweave/sip';
import { createCallId } from '../call/call-id.ts';
import { introduce, type Introduced, type Meeting } from './introduce.ts';
import { type Newcomer } from './newcomer.ts';
import { shownTo, standInFor } from './stand-in.ts';

/** What became of a meeting, and the newcomer as it is known by then. */
export interface Met {
  readonly outcome: Introduced;
  readonly newcomer: Newcomer;
}

/**
 * Lets a browser stay and meet somebody new. With rtpengine it is sure to connect anew only in the first exchange of a
 * media session: so it is asked first, in one of its own, and then the newcomer, who has answered elsewhere, joins it
 * there. `before` is the id of the browser's media until now.
 */
export async function meetBrowser(
  meeting: Omit<Meeting, 'newcomer'>,
  newcomer: Newcomer,
  before: CallId,
): Promise<Met> {
  const mediaId = mediaIdAfter(createCallId(), before, newcomer.mediaId);
  const standIn = standInFor(newcomer.sdp, 'sendrecv');
  const first = await introduce({ ...meeting, newcomer: { ...standIn, mediaId, node: undefined } });
  if (first.kind === 'refused') return { outcome: first, newcomer: { ...newcomer, mediaId } };
  const { node } = first;
  const { legId } = meeting.remaining;
  const browser = { ...shownTo(newcomer, { legId, profile: meeting.profile }, first), mediaId, node };
  const there = { remaining: newcomer.leg, profile: newcomer.profile };
  const second = await introduce({ ...meeting, ...there, newcomer: browser });
  if (second.kind === 'refused') {
    const outcome = { ...second, isGone: false, isHalfDone: true, node: second.node ?? node };
    return { outcome, newcomer: { ...newcomer, mediaId } };
  }
  newcomer.leg.refreshTarget(second.response);
  return { outcome: first, newcomer: { ...newcomer, mediaId, sdp: copyText(second.answer), node } };
}
