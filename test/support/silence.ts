import { type Connection } from '@callweave/bus';
import { systemClock } from '@callweave/clock';
import { type CallRecord, mediaLifeOf } from '@callweave/contracts';
import { NgClient, NgCommands } from '@callweave/rtpengine';
import { recordLogs } from '@callweave/telemetry/testing';
import { answeredCalls, callRecord } from './call-facts.ts';

/** How long calls were silent, the one in the middle and the longest, ms. */
export interface Silence {
  readonly calls: number;
  readonly median: number;
  readonly max: number;
}

/** How often it is looked whether speech goes on: what is silent for less looks like this much. */
export const LOOK_MS = 250;
/** At a node that does not answer a look lasts so long; what began elsewhere meanwhile is found by the next. */
const ASK_MS = 2_000;
/** Before a phone hangs up it is not listened to any more. */
const MARGIN_MS = 500;

/** What each of some calls came to. */
export function silenceOf(gapsMs: readonly number[]): Silence {
  const sorted = gapsMs.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return { calls: sorted.length, median, max: sorted.at(-1) ?? 0 };
}

type Parties = readonly { readonly tag: string; readonly packets: number }[];

/** The longest time in which nothing came from one side of a call: the caller's, or whoever is at the other end. */
class Heard {
  readonly #bus: Connection;
  readonly #endsAtMs: number;
  /** RTP packets from each party so far, by where the media is anchored and the party's tag. */
  readonly #packets = new Map<string, number>();
  readonly #heardAtMs: Record<'caller' | 'other', number>;
  #call: CallRecord;
  #looking: Promise<void> | undefined;
  gapMs = 0;

  constructor(bus: Connection, call: CallRecord, talkMs: number) {
    this.#bus = bus;
    this.#call = call;
    this.#endsAtMs = (call.answeredAt ?? Date.now()) + talkMs - MARGIN_MS;
    const nowMs = performance.now();
    this.#heardAtMs = { caller: nowMs, other: nowMs };
  }

  /** One look after the other, or those of a slow machine would overtake each other. */
  look(query: (call: CallRecord) => Promise<Parties>): void {
    if (Date.now() < this.#endsAtMs) this.#looking ??= this.#look(query).finally(() => (this.#looking = undefined));
  }

  /** When it is looked no more. */
  async end(): Promise<void> {
    await this.#looking;
  }

  async #look(query: (call: CallRecord) => Promise<Parties>): Promise<void> {
    const parties = await query(this.#call);
    if (Date.now() > this.#endsAtMs) return;
    const nowMs = performance.now();
    const speaking = this.#speaking(parties);
    for (const side of ['caller', 'other'] as const) {
      this.gapMs = Math.max(this.gapMs, Math.round(nowMs - this.#heardAtMs[side]));
      if (speaking.has(side)) this.#heardAtMs[side] = nowMs;
    }
    // Its media may have been anchored elsewhere, which a bus that is away tells later.
    if (speaking.size < 2)
      this.#call = (await callRecord(this.#bus, this.#call.callId).catch(() => undefined)) ?? this.#call;
  }

  #speaking(parties: Parties): Set<'caller' | 'other'> {
    const { callId, media, mediaId = callId, legs } = this.#call;
    const speaking = new Set<'caller' | 'other'>();
    for (const { tag, packets } of parties) {
      const key = `${media ?? ''} ${mediaId} ${tag}`;
      if (packets > (this.#packets.get(key) ?? 0)) speaking.add(tag === legs[0] ? 'caller' : 'other');
      this.#packets.set(key, packets);
    }
    return speaking;
  }
}

/**
 * Listens from now on to the answered calls that are not `known`, at the rtpengine that relays them at the time, until they
 * have lasted `talkMs`.
 */
export async function listen(
  bus: Connection,
  { known, talkMs }: { readonly known: { has(callId: string): boolean }; readonly talkMs: number },
): Promise<{ end(): Promise<Silence> }> {
  const calls = (await answeredCalls(bus)).filter(({ callId }) => !known.has(callId));
  const heard = calls.map((call) => new Heard(bus, call, talkMs));
  const clients = new Map<string, NgClient>();
  const query = async ({ callId, media, mediaId = callId }: CallRecord): Promise<Parties> => {
    if (media === undefined) return [];
    const { address } = mediaLifeOf(media);
    const client = clients.get(address) ?? new NgClient({ address, clock: systemClock, log: recordLogs() });
    clients.set(address, client);
    const relayed = await new NgCommands(client).query(mediaId, ASK_MS).catch(() => undefined);
    return relayed?.parties ?? [];
  };
  const timer = setInterval(() => {
    for (const one of heard) one.look(query);
  }, LOOK_MS);
  return {
    end: async () => {
      clearInterval(timer);
      await Promise.all(heard.map((one) => one.end()));
      for (const client of clients.values()) client.close();
      return silenceOf(heard.map(({ gapMs }) => gapMs));
    },
  };
}
