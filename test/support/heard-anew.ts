import { type Connection } from '@callweave/bus';
import { openCalls } from './call-facts.ts';
import { PACKETS_PER_SEC, packetsFrom } from './media-sessions.ts';
import { type Platform } from './platform.ts';
import { until } from './until.ts';

/** Lets a blow fall on the media of the one call there is, and waits until both sides talk in a session that began since. */
export async function heardAnew(platform: Platform, bus: Connection, blow: () => void): Promise<void> {
  const mediaId = async (): Promise<string> => {
    const [call] = await openCalls(bus);
    return call?.mediaId ?? call?.callId ?? '';
  };
  const before = await mediaId();
  blow();
  await until(
    'both sides are heard in another media session',
    async () => {
      const [call] = await openCalls(bus);
      const now = await mediaId();
      const packets = now === before ? undefined : await packetsFrom(platform, now);
      return call?.legs.every((leg) => (packets?.get(leg) ?? 0) > PACKETS_PER_SEC) ?? false;
    },
    30_000,
  );
}
