import { setTimeout as pause } from 'node:timers/promises';
import { memoryKb, type Platform, readStreams } from '@callweave/test';
import { copyFinishedCalls } from './finished-calls.ts';

/** What the bus has. */
interface BusLook {
  /** Of nats-server. */
  readonly rssBytes: number;
  readonly streams: Readonly<Record<string, { readonly messages: number; readonly bytes: number }>>;
}

/** What finished calls leave behind on the bus, until what is kept of them is as old or as much as it may be. */
export interface BusGrowth {
  readonly finishedCalls: number;
  readonly rssBytesPerMillion: number;
  readonly streams: Readonly<Record<string, StreamGrowth>>;
}

interface StreamGrowth {
  readonly messagesPerCall: number;
  readonly storedBytesPerMillion: number;
  readonly keptHours: number;
  readonly keptMessages: number;
  /** After so many calls the oldest are forgotten. */
  readonly keptCalls: number;
}

const KEPT = ['CALLS', 'CDRS'];
const NS_PER_HOUR = 3.6e12;
/** What nats-server has cached is given back when no less memory was seen for so long. */
const QUIET_MS = 60_000;
const LOOK_MS = 1_000;

/** Tells of so many more calls that are over, and what the bus keeps of them, in proportion for a million. */
export async function busGrowth(platform: Platform, finishedCalls: number): Promise<BusGrowth> {
  const bus = await platform.bus();
  const before = await look(platform);
  await copyFinishedCalls(bus, finishedCalls);
  const after = await settled(platform);
  const perMillion = (bytes: number): number => Math.round((1e6 * bytes) / finishedCalls);
  const streams = [...(await readStreams(bus, KEPT))].map(([name, { config }]) => {
    const [was, is] = [before.streams[name], after.streams[name]];
    const messages = (is?.messages ?? NaN) - (was?.messages ?? NaN);
    const messagesPerCall = Math.round((10 * messages) / finishedCalls) / 10;
    const growth: StreamGrowth = {
      messagesPerCall,
      storedBytesPerMillion: perMillion((is?.bytes ?? NaN) - (was?.bytes ?? NaN)),
      keptHours: config.max_age / NS_PER_HOUR,
      keptMessages: config.max_msgs,
      keptCalls: messagesPerCall > 0 && config.max_msgs > 0 ? Math.floor(config.max_msgs / messagesPerCall) : 0,
    };
    return [name, growth] as const;
  });
  const rssBytesPerMillion = perMillion(after.rssBytes - before.rssBytes);
  return { finishedCalls, rssBytesPerMillion, streams: Object.fromEntries(streams) };
}

/** nats-server, and what it stores of calls. */
async function look(platform: Platform): Promise<BusLook> {
  const pid = platform.processes().find(({ name }) => name === 'nats-server')?.pid ?? NaN;
  const streams = await readStreams(await platform.bus(), KEPT);
  return {
    rssBytes: 1_024 * memoryKb(pid),
    streams: Object.fromEntries([...streams].map(([name, { state }]) => [name, pick(state)])),
  };
}

/** What it is like when its memory falls no more. */
async function settled(platform: Platform): Promise<BusLook> {
  let lowest = await look(platform);
  for (let quietMs = 0; quietMs < QUIET_MS; quietMs += LOOK_MS) {
    await pause(LOOK_MS);
    const now = await look(platform);
    if (now.rssBytes >= lowest.rssBytes) continue;
    [lowest, quietMs] = [now, 0];
  }
  return lowest;
}

function pick({ messages, bytes }: { messages: number; bytes: number }): { messages: number; bytes: number } {
  return { messages, bytes };
}
