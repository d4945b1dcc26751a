import { type Media } from './call-ports.ts';

/** What becomes of a call while its session is still being changed. */
export interface CallEnd {
  /** Whether it is none of ours any more. */
  isLeft(): boolean;
  /** Whether it has ended here, and its media was released. */
  isOver(): boolean;
}

/** Media of a call that may end meanwhile: an offer that comes after its release would have it anchored anew, for nobody. */
export function endingMedia(media: Media, end: CallEnd): Media {
  return {
    offer: async (question) => {
      if (end.isLeft()) return { kind: 'no-node' };
      const anchored = await media.offer(question);
      if (anchored.kind === 'anchored' && end.isOver()) {
        await media.release(question.tenant, question.callId, anchored.node);
      }
      return anchored;
    },
    answer: (question) => media.answer(question),
    release: (tenant, callId, node) => media.release(tenant, callId, node),
  };
}
