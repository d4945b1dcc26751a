import { SdpError } from './errors.ts';
import { directionOf, parseSession } from './session.ts';

const DISCARD = 9;

/**
 * Whether whoever wrote this description keeps the other on hold: he has streams and listens to none, or names the
 * address of an old hold, which is not that of a browser that does not know its own yet (port 9, RFC 8829 §5.2.1). False for one that cannot be read: whoever anchors media refuses that. RFC 3264 §8.4.
 */
export function isHold(text: string): boolean {
  try {
    const session = parseSession(text);
    const streams = session.media.filter(({ port }) => port !== 0);
    const listens = streams.some((media) => {
      const { ip } = media.connection ?? session.connection ?? {};
      const direction = directionOf(session, media);
      const isHeldByAddress = ip === '0.0.0.0' && media.port !== DISCARD;
      return !isHeldByAddress && (direction === 'sendrecv' || direction === 'recvonly');
    });
    return streams.length > 0 && !listens;
  } catch (error) {
    if (error instanceof SdpError) return false;
    throw error;
  }
}
