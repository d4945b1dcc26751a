import { type MediaDescription, type SessionDescription, write } from 'sdp-transform';
import { type Codec, codecsOf, telephoneEventOf } from './codecs.ts';
import { SdpError } from './errors.ts';
import { addressOf, type Direction, directionOf, parseSession, reverseDirection } from './session.ts';

/** Our end of one audio stream. */
export interface LocalAudio {
  readonly address: string;
  readonly port: number;
  /** The codecs we speak, best first. */
  readonly codecs: readonly Codec['name'][];
  readonly sessionId: number;
  /** Grows by one with every description of the same session, RFC 3264 §8. */
  readonly sessionVersion: number;
}

/** What both ends have agreed to. */
export interface AgreedAudio {
  readonly codec: Codec;
  readonly telephoneEvent: number | undefined;
  /** Where the other end wants its media; undefined while it wants none. */
  readonly remote: { readonly address: string; readonly port: number } | undefined;
  /** Where media may flow, from our view. */
  readonly direction: Direction;
}

/** The number our offers give to telephone-event. */
const TELEPHONE_EVENT = 101;
const NUMBERS: Readonly<Record<Codec['name'], number>> = { PCMU: 0, PCMA: 8 };
/** Plain RTP; encryption is not offered, since it is not done here. */
const PROTOCOLS: ReadonlySet<string> = new Set(['RTP/AVP', 'RTP/AVPF']);
const PTIME_MS = 20;

/**
 * Answers an offer with the first audio stream that can be had, and its first codec of ours; all others are refused.
 * Throws `SdpError`. RFC 3264 §6.
 */
export function answerOffer(
  offer: string,
  local: LocalAudio,
): { readonly agreed: AgreedAudio; readonly answer: string } {
  const session = parseSession(offer);
  const at = session.media.findIndex((media) => isUsable(media, local));
  const media = session.media[at];
  if (media === undefined) throw new SdpError('SDP_NOTHING_IN_COMMON', 'no audio stream with a codec of ours');
  const agreed = agreedOn(session, media, local);
  const streams = session.media.map((stream, index) =>
    index === at ? audioStream(local, stream.protocol, agreed, [agreed.codec]) : refused(stream),
  );
  return { agreed, answer: describe(local, streams) };
}

/** An offer of everything we speak. RFC 3264 §5. */
export function makeOffer(local: LocalAudio, direction: Direction = 'sendrecv'): string {
  const codecs = local.codecs.map((name) => ({ name, payloadType: NUMBERS[name] }));
  return describe(local, [audioStream(local, 'RTP/AVP', { telephoneEvent: TELEPHONE_EVENT, direction }, codecs)]);
}

/** What an answer to our offer makes of it. Throws `SdpError`. RFC 3264 §7. */
export function readAnswer(answer: string, local: LocalAudio): AgreedAudio {
  const session = parseSession(answer);
  const [media] = session.media;
  if (media === undefined || !isUsable(media, local)) throw new SdpError('SDP_NOTHING_IN_COMMON', 'audio was refused');
  return agreedOn(session, media, local);
}

function isUsable(media: MediaDescription, { codecs }: LocalAudio): boolean {
  return (
    media.type === 'audio' && media.port !== 0 && PROTOCOLS.has(media.protocol) && codecsOf(media, codecs).length > 0
  );
}

function agreedOn(session: SessionDescription, media: MediaDescription, { codecs }: LocalAudio): AgreedAudio {
  const [codec] = codecsOf(media, codecs);
  if (codec === undefined) throw new SdpError('SDP_NOTHING_IN_COMMON', 'no codec of ours');
  const address = addressOf(session, media);
  return {
    codec,
    telephoneEvent: telephoneEventOf(media),
    remote: address === undefined ? undefined : { address, port: media.port },
    direction: reverseDirection(directionOf(session, media)),
  };
}

function audioStream(
  { port }: LocalAudio,
  protocol: string,
  { telephoneEvent, direction }: Pick<AgreedAudio, 'telephoneEvent' | 'direction'>,
  codecs: readonly Codec[],
): MediaDescription {
  const events = telephoneEvent === undefined ? [] : [telephoneEvent];
  return {
    type: 'audio',
    port,
    protocol,
    payloads: [...codecs.map(({ payloadType }) => payloadType), ...events].join(' '),
    rtp: [
      ...codecs.map(({ name, payloadType }) => ({ payload: payloadType, codec: name, rate: 8_000 })),
      ...events.map((payload) => ({ payload, codec: 'telephone-event', rate: 8_000 })),
    ],
    fmtp: events.map((payload) => ({ payload, config: '0-15' })),
    ptime: PTIME_MS,
    direction,
  };
}

/** Port 0 refuses a stream, and everything else is repeated. RFC 3264 §6. */
function refused({ type, protocol, payloads }: MediaDescription): MediaDescription {
  return { type, port: 0, protocol, payloads: payloads ?? '', rtp: [], fmtp: [] };
}

function describe({ address, sessionId, sessionVersion }: LocalAudio, media: MediaDescription[]): string {
  const origin = { username: '-', sessionId, sessionVersion, netType: 'IN', ipVer: 4, address };
  return write({
    version: 0,
    origin,
    name: 'callweave',
    connection: { version: 4, ip: address },
    timing: { start: 0, stop: 0 },
    media,
  });
}
