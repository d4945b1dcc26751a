import { DIRECT_MEDIA } from '@callweave/contracts';
import { type Anchored, type Media } from './call-ports.ts';
import { profileOfSdp } from './media-profile.ts';
import { areApart } from './place.ts';

/** Whether media goes through a node, or from phone to phone where that can be. */
export type MediaPolicy = 'anchored' | 'direct';

/**
 * Leaves media to those who talk, who must reach each other, when the policy is `direct`; what they could not settle among
 * themselves is anchored all the same: a browser with a phone, or two who are on different sides of the platform or have addresses of different families. A
 * call stays as it has begun, whatever the policy of the edge that has it then.
 */
export function mediaOf(policy: MediaPolicy, anchoring: Media): Media {
  return {
    offer: (question) => {
      const { node, sdp, branch } = question;
      const isOpen = node === undefined ? policy === 'direct' : node === DIRECT_MEDIA;
      if (isOpen && canBeDirect(question)) return Promise.resolve(direct(sdp));
      if (node !== DIRECT_MEDIA) return anchoring.offer(question);
      // Those who are called next may need what those before them did not; those who talk stay as they are.
      return branch === undefined ? Promise.resolve(unusable) : anchoring.offer({ ...question, node: undefined });
    },
    answer: (question) =>
      question.node === DIRECT_MEDIA ? Promise.resolve(direct(question.sdp)) : anchoring.answer(question),
    release: (tenant, callId, node) =>
      node === DIRECT_MEDIA ? Promise.resolve(undefined) : anchoring.release(tenant, callId, node),
  };
}

/** Whether both sides of an offer can do without a node between them. */
export function canBeDirect({ sdp, profile, places }: Pick<MediaOffer, 'sdp' | 'profile' | 'places'>): boolean {
  return profileOfSdp(sdp) === profile && !areApart(places);
}

type MediaOffer = Parameters<Media['offer']>[0];

const unusable: Anchored = { kind: 'unusable', reason: 'both sides must do with the same media' };

function direct(sdp: string): Anchored {
  return { kind: 'anchored', sdp, node: DIRECT_MEDIA };
}
