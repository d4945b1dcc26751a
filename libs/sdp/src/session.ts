import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import { SdpError } from './errors.ts';

/** Longest description that is read: a browser's is 8 kB, and the parser runs an expression for every line. */
export const MAX_SDP_BYTES = 32_768;

/** Media streams that are read of one description; each must be answered, RFC 3264 §6. */
const MAX_STREAMS = 16;

/** Reads a description; throws `SdpError` of 400. RFC 8866 §5. */
export function parseSession(text: string): SessionDescription {
  if (text.length > MAX_SDP_BYTES) throw new SdpError('SDP_SYNTAX', 'too long');
  if (!/^v=0\r?\n/.test(text)) throw new SdpError('SDP_SYNTAX', 'does not begin with v=0');
  if (!/^o=\S+ \d+ \d+ IN IP[46] \S+\r?$/m.test(text)) throw new SdpError('SDP_SYNTAX', 'no origin');
  const session = parse(text);
  if (session.media.length > MAX_STREAMS) throw new SdpError('SDP_SYNTAX', 'too many streams');
  const lines = text.match(/^m=/gm)?.length ?? 0;
  if (lines !== session.media.filter(isReadable).length) throw new SdpError('SDP_SYNTAX', 'a stream cannot be read');
  return session;
}

function isReadable({ port, protocol, payloads }: Partial<MediaDescription>): boolean {
  return port !== undefined && port <= 65_535 && protocol !== undefined && payloads !== undefined;
}

/** Where media may flow, from the view of whoever wrote it. RFC 8866 §6.7. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const reversed: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** The same flow as its other side sees it. */
export function reverseDirection(direction: Direction): Direction {
  return reversed[direction];
}

/** The direction of one stream: its own, or the session's, or both ways. */
export function directionOf(session: SessionDescription, media: MediaDescription): Direction {
  return media.direction ?? session.direction ?? 'sendrecv';
}

/** An address to send media to; undefined when it is none, as with the 0.0.0.0 of an old hold, RFC 3264 §8.4. */
export function addressOf(session: SessionDescription, media: MediaDescription): string | undefined {
  const { ip, version } = media.connection ?? session.connection ?? {};
  if (ip === undefined) throw new SdpError('SDP_SYNTAX', 'no connection address');
  // A name would have to be looked up by whoever sends; nobody uses them.
  if (version !== 4 || !/^\d{1,3}(\.\d{1,3}){3}$/.test(ip)) throw new SdpError('SDP_NO_ADDRESS', 'not an IPv4 address');
  return ip === '0.0.0.0' ? undefined : ip;
}
