import { systemClock } from '@callweave/clock';
import { NgClient, NgCommands } from '@callweave/rtpengine';
import { recordLogs } from '@callweave/telemetry/testing';
import { z } from 'zod';
import { type Platform } from './platform.ts';

/** The part of rtpengine's answer that counts; the first stream of a medium is its RTP. */
const Stream = z.object({ stats: z.object({ packets: z.number() }) });
const Tags = z.object({
  tags: z.record(z.string(), z.object({ medias: z.array(z.object({ streams: z.array(Stream) })) })),
});

/** Calls that rtpengine holds now. */
export async function mediaSessions(platform: Platform): Promise<number> {
  const client = new NgClient({ address: platform.rtpengine, clock: systemClock, log: recordLogs() });
  try {
    return (await new NgCommands(client).list(1_000, 2_000)).length;
  } finally {
    client.close();
  }
}

/** RTP packets that came from each leg of a call so far, by leg, as rtpengine counted them. */
export async function packetsFrom(platform: Platform, callId: string): Promise<ReadonlyMap<string, number>> {
  const client = new NgClient({ address: platform.rtpengine, clock: systemClock, log: recordLogs() });
  try {
    const { tags } = Tags.parse(await client.request({ command: 'query', 'call-id': callId }, 2_000));
    return new Map(
      Object.entries(tags).map(([leg, { medias }]) => [leg, medias[0]?.streams[0]?.stats.packets ?? 0] as const),
    );
  } finally {
    client.close();
  }
}
