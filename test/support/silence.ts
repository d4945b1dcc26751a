import { type Connection } from '@callweave/bus';
import { systemClock } from '@callweave/clock';
import { type CallRecord } from '@callweave/contracts';
import { NgClient, NgCommands } from '@callweave/rtpengine';
import { recordLogs } from '@callweave/telemetry/testing';
import { answeredCalls } from './call-facts.ts';
import { type Platform } from './platform.ts';

/** How long calls were silent, the one in the middle and the longest, ms. */
export interface Silence {
  readonly calls: number;
  readonly median: number;
  readonly max: number;
}

/** How often it is looked whether speech goes on: what is silent for less looks like this much. */
export const LOOK_MS = 250;
const ASK_MS = 2_000;
/** Before a phone hangs up it is not listened to any more. */
const MARGIN_MS = 500;

/** What each of some calls came to. */
export function silenceOf(gapsMs: readonly number[]): Silence {
  const sorted = gapsMs.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return { calls: sorted.length, median, max: sorted.at(-1) ?? 0 };
}

/** The longest time in which nothing was relayed for one side of a call. */
class Heard {
  readonly call: CallRecord;
  readonly #endsAtMs: number;
  readonly #sides = new Map<string, { packets: number; atMs: number }>();
  gapMs = 0;

  constructor(call: CallRecord, talkMs: number) {
    this.call = call;
    this.#endsAtMs = (call.answeredAt ?? Date.now()) + talkMs - MARGIN_MS;
    const atMs = performance.now();
    for (const leg of call.legs) this.#sides.set(leg, { packets: 0, atMs });
  }

  get isOver(): boolean {
    return Date.now() > this.#endsAtMs;
  }

  note(parties: readonly { readonly tag: string; readonly packets: number }[]): void {
    const now = performance.now();
    for (const [leg, side] of this.#sides) {
      this.gapMs = Math.max(this.gapMs, Math.round(now - side.atMs));
      const packets = parties.find(({ tag }) => tag === leg)?.packets ?? 0;
      if (packets > side.packets) this.#sides.set(leg, { packets, atMs: now });
    }
  }
}

/**
 * Listens from now on to the answered calls that are not `known`, at the rtpengine that relays them, until they have
 * lasted `talkMs`. The calls must stay where they are.
 */
export async function listen(
  platform: Platform,
  bus: Connection,
  { known, talkMs }: { readonly known: { has(callId: string): boolean }; readonly talkMs: number },
): Promise<{ end(): Promise<Silence> }> {
  const calls = (await answeredCalls(bus)).filter(({ callId }) => !known.has(callId));
  const heard = calls.map((call) => new Heard(call, talkMs));
  const client = new NgClient({ address: platform.rtpengine, clock: systemClock, log: recordLogs() });
  const ng = new NgCommands(client);
  let looking: Promise<unknown> = Promise.resolve();
  let isLooking = false;
  const look = async (one: Heard): Promise<void> => {
    const { mediaId, callId } = one.call;
    const relayed = await ng.query(mediaId ?? callId, ASK_MS).catch(() => undefined);
    if (!one.isOver) one.note(relayed?.parties ?? []);
  };
  const timer = setInterval(() => {
    // One look after the other, or those of a slow machine would overtake each other.
    if (isLooking) return;
    isLooking = true;
    looking = Promise.all(heard.filter((one) => !one.isOver).map(look)).finally(() => (isLooking = false));
  }, LOOK_MS);
  return {
    end: async () => {
      clearInterval(timer);
      await looking;
      client.close();
      return silenceOf(heard.map(({ gapMs }) => gapMs));
    },
  };
}
