export { type Codec } from './codecs.ts';
export { isHold } from './hold.ts';
export { SdpError } from './errors.ts';
export { type AgreedAudio, answerOffer, type LocalAudio, makeOffer, readAnswer } from './offer-answer.ts';
export { type Direction, MAX_SDP_BYTES } from './session.ts';
export { placeholder } from './placeholder.ts';
export { withoutBrowserAttributes, withoutLastCodec } from './trim.ts';
