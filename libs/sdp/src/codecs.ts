import { type MediaDescription } from 'sdp-transform';

/** A codec by its registered name and its number in one session. */
export interface Codec {
  readonly name: 'PCMU' | 'PCMA';
  readonly payloadType: number;
}

/** Numbers that need no rtpmap line, RFC 3551 §6. */
const STATIC_TYPES: Readonly<Record<number, Codec['name']>> = { 0: 'PCMU', 8: 'PCMA' };

/** The largest number a payload type has. */
const MAX_PAYLOAD_TYPE = 127;

/** The codecs of `names` that a stream offers, in the order of the offer. */
export function codecsOf(media: MediaDescription, names: readonly Codec['name'][]): Codec[] {
  return payloadTypes(media).flatMap((payloadType) => {
    const mapped = media.rtp.find(({ payload }) => payload === payloadType);
    const name = mapped === undefined ? STATIC_TYPES[payloadType] : nameOf(mapped);
    return name !== undefined && names.includes(name) ? [{ name, payloadType }] : [];
  });
}

/** The number of telephone-event in a stream, RFC 4733 §2.4; undefined when digits are not offered. */
export function telephoneEventOf(media: MediaDescription): number | undefined {
  return payloadTypes(media).find((payloadType) =>
    media.rtp.some(
      ({ payload, codec, rate }) =>
        payload === payloadType && codec.toLowerCase() === 'telephone-event' && rate === 8_000,
    ),
  );
}

function nameOf({ codec, rate }: MediaDescription['rtp'][number]): Codec['name'] | undefined {
  const name = codec.toUpperCase();
  return rate === 8_000 && (name === 'PCMU' || name === 'PCMA') ? name : undefined;
}

function payloadTypes(media: MediaDescription): number[] {
  // The parser makes a number of a list of one, whatever its types say.
  const { payloads = '' } = media as { payloads?: string | number };
  return String(payloads)
    .split(' ')
    .filter((text) => /^\d{1,3}$/.test(text))
    .map(Number)
    .filter((type) => type <= MAX_PAYLOAD_TYPE);
}
