import { systemClock } from '@callweave/clock';
import { NgClient, NgCommands } from '@callweave/rtpengine';
import { recordLogs } from '@callweave/telemetry/testing';
import { type Platform } from './platform.ts';

/** Calls that rtpengine holds now. */
export async function mediaSessions(platform: Platform): Promise<number> {
  const client = new NgClient({ address: platform.rtpengine, clock: systemClock, log: recordLogs() });
  try {
    return (await new NgCommands(client).list(1_000, 2_000)).length;
  } finally {
    client.close();
  }
}
