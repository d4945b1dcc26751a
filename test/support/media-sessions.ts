import { systemClock } from '@callweave/clock';
import { NgClient, NgCommands, NgRefusedError, NgUnreachableError } from '@callweave/rtpengine';
import { recordLogs } from '@callweave/telemetry/testing';
import { z } from 'zod';
import { type Platform } from './platform.ts';

/** The part of rtpengine's answer that counts; the first stream of a medium is its RTP. */
const Stream = z.object({ stats: z.object({ packets: z.number() }) });
const Tags = z.object({
  tags: z.record(z.string(), z.object({ medias: z.array(z.object({ streams: z.array(Stream) })) })),
});

/** One every 20 ms. */
export const PACKETS_PER_SEC = 50;

/** What is not answered within ends the wait of who asks again and again. */
const ANSWER_MS = 10_000;

/** Calls that the rtpengines hold now, but for those of which others know; one that is not there holds none. */
export async function mediaSessions(
  platform: Platform,
  others: { has(callId: string): boolean } = new Set(),
): Promise<number> {
  return (await mediaCallIds(platform)).filter((callId) => !others.has(callId)).length;
}

/** How the calls that the rtpengines hold are called there. */
export async function mediaCallIds(platform: Platform): Promise<string[]> {
  const held = await atEach(platform, (ng) => new NgCommands(ng).list(1_000, ANSWER_MS));
  return held.flat();
}

/** RTP packets that came from each leg of a call so far, by leg, as rtpengine counted them. */
export async function packetsFrom(platform: Platform, mediaId: string): Promise<ReadonlyMap<string, number>> {
  const counts = await atEach(platform, async (ng) => {
    const { tags } = Tags.parse(await ng.request({ command: 'query', 'call-id': mediaId }, ANSWER_MS));
    return Object.entries(tags).map(([leg, { medias }]) => [leg, medias[0]?.streams[0]?.stats.packets ?? 0] as const);
  });
  return new Map(counts.flat());
}

/** For how long the rtpengine that was started last says that it runs. */
export async function youngestMediaNodeSec(platform: Platform): Promise<number> {
  return Math.min(
    ...(await atEach(platform, async (ng) => (await new NgCommands(ng).statistics(ANSWER_MS)).uptimeSec)),
  );
}

/** What `ask` learns from each rtpengine; nothing from those that are not there or know nothing of it. */
async function atEach<T>({ rtpengine }: Platform, ask: (ng: NgClient) => Promise<T>): Promise<T[]> {
  const asking = rtpengine.split(',').map(async (address) => {
    const client = new NgClient({ address, clock: systemClock, log: recordLogs() });
    try {
      return [await ask(client)];
    } catch (error) {
      if (error instanceof NgUnreachableError || error instanceof NgRefusedError) return [];
      throw error;
    } finally {
      client.close();
    }
  });
  return (await Promise.all(asking)).flat();
}
