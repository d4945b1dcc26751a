import { memoryKb, type Platform, readStreams } from '@callweave/test';

/** What the bus has, once so many calls are over. */
export interface BusLook {
  readonly finishedCalls: number;
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

const KEPT = ['CALLS', 'CDRS', 'KV_calls'];
const NS_PER_HOUR = 3.6e12;

/** Looks at nats-server and what it stores of calls. */
export async function lookAtBus(platform: Platform, finishedCalls: number): Promise<BusLook> {
  const pid = platform.processes().find(({ name }) => name === 'nats-server')?.pid ?? NaN;
  const streams = await readStreams(await platform.bus(), KEPT);
  return {
    finishedCalls,
    rssBytes: 1_024 * memoryKb(pid),
    streams: Object.fromEntries([...streams].map(([name, { state }]) => [name, pick(state)])),
  };
}

/** What calls left behind between two looks, in proportion for a million. */
export async function busGrowth(platform: Platform, before: BusLook, after: BusLook): Promise<BusGrowth> {
  const finishedCalls = after.finishedCalls - before.finishedCalls;
  const perMillion = (bytes: number): number => Math.round((1e6 * bytes) / finishedCalls);
  const streams = [...(await readStreams(await platform.bus(), KEPT))].map(([name, { config }]) => {
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

function pick({ messages, bytes }: { messages: number; bytes: number }): { messages: number; bytes: number } {
  return { messages, bytes };
}
