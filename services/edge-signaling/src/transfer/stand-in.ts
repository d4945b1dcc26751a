import { type LegId, type MediaProfile } from '@callweave/contracts';
import { placeholder } from '@callweave/sdp';
import { createLegId } from '../leg/leg-id.ts';
import { type Introduced } from './introduce.ts';

/** A party as it is shown to another one. */
export interface Shown {
  readonly legId: LegId;
  readonly sdp: string;
  readonly profile: MediaProfile;
}

/** Somebody who sends nothing, with the media of who said `sdp`. */
export function standInFor(sdp: string | undefined, direction: 'sendrecv' | 'sendonly'): Shown {
  return { legId: createLegId(), sdp: placeholder(sdp, direction), profile: 'rtp' };
}

/**
 * As whom the second of two is shown the first, who has agreed with a stand-in. With rtpengine a browser is sure to
 * connect anew only in its first exchange in a media session, and in that of nobody else: so a second browser meets a
 * stand-in of its own, and the two stand-ins send to each other at the node.
 */
export function shownTo(
  { profile }: { readonly profile: MediaProfile },
  agreed: Omit<Shown, 'sdp'>,
  { answer, sdp }: Pick<Introduced & { readonly kind: 'agreed' }, 'answer' | 'sdp'>,
): Shown {
  const areBrowsers = profile === 'webrtc' && agreed.profile === 'webrtc';
  return areBrowsers ? { legId: createLegId(), sdp, profile: 'rtp' } : { ...agreed, sdp: answer };
}
