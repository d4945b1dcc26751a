import { type Connection } from '@callweave/bus';
import { type CallId, type CallRecord } from '@callweave/contracts';
import { type Rtpengine, startRtpengine } from '@callweave/rtpengine/testing';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { answeredCalls, callKinds, openCalls } from './call-facts.ts';
import { CallLoad } from './call-load.ts';
import { rehearsing, setFault } from './faults.ts';
import { freePortOn } from './free-port.ts';
import { takeLoadTurn } from './load-turn.ts';
import { type Platform, startPlatform } from './platform.ts';
import { listen, type Silence, silenceOf } from './silence.ts';
import { type SippResult } from './sipp.ts';
import { there } from './there.ts';
import { openUdpRouter, type UdpRouter } from './udp-router.ts';
import { until } from './until.ts';

/** Calls that are up at once, shared between both nodes. */
export const CALLS = 20;
/** Since a call was answered, or had its session changed last: long enough for the blow to fall and to be noticed. */
const TALK_MS = 12_000;
const ASK_MS = 1_000;

/** An rtpengine behind a wire to its control port that may be cut. */
export interface MediaNode extends Rtpengine {
  /** Nothing that is asked reaches it any more; what it relays it goes on to relay. */
  cut(): void;
  mend(): void;
}

/** What a blow came to. */
export interface Survived {
  /** The one that was hit. */
  readonly node: MediaNode;
  /** For how long the calls that the node had were silent in one direction at least. */
  readonly silence: Silence;
  /** What both sides of all calls saw, when they are over. */
  readonly results: Promise<[SippResult, SippResult]>;
}

/** A platform with two rtpengines of its own, and calls whose both sides speak all the time. */
export class TwoMediaNodes {
  readonly #routers: UdpRouter[] = [];
  #nodes: readonly MediaNode[] = [];
  #platform: Platform | undefined;
  #bus: Connection | undefined;
  #load: CallLoad | undefined;
  #endTurn = (): void => undefined;
  #before: ReadonlyMap<string, unknown> = new Map();

  /** Starts and ends all of it with the tests of the file that calls this. */
  constructor() {
    beforeAll(async () => {
      this.#endTurn = await takeLoadTurn();
      this.#nodes = [await this.#start(), await this.#start()];
      const rtpengines = this.#routers.map(({ address }) => address).join(',');
      this.#platform = await startPlatform({ CALLWEAVE_RTPENGINE: rtpengines, CALLWEAVE_FAULTS: 'on' });
      this.#bus = await this.#platform.bus();
      this.#load = await CallLoad.open(this.#platform);
    }, 420_000);
    beforeEach(async () => {
      this.#before = await callKinds(this.bus);
    });
    afterAll(async () => {
      await this.#platform?.stop();
      await Promise.all(this.#nodes.map((node) => node.stop()));
      for (const router of this.#routers) router.close();
      this.#endTurn();
    });
  }

  get platform(): Platform {
    return there(this.#platform);
  }

  get bus(): Connection {
    return there(this.#bus);
  }

  get all(): readonly MediaNode[] {
    return this.#nodes;
  }

  /**
   * Places the calls, waits until both sides of each are heard, lets `blow` fall on the node that has most of them, and
   * waits until those it had are heard again by way of a media session that began since.
   */
  async talkThrough(blow: (node: MediaNode) => Promise<void> | void): Promise<Survived> {
    const { node, hit, results } = await this.#talk();
    const startedMs = performance.now();
    await blow(node);
    const gapsMs: number[] = [];
    await until(
      'those calls are heard again',
      async () => {
        // What has not moved is not asked for: a node that is frozen would keep us waiting.
        const hasMoved = ({ callId, mediaId }: CallRecord): boolean => hit.has(callId) && hit.get(callId) !== mediaId;
        for (const { callId } of await this.#heard(hasMoved)) {
          hit.delete(callId);
          gapsMs.push(Math.round(performance.now() - startedMs));
        }
        return hit.size === 0;
      },
      60_000,
    );
    return { node, silence: silenceOf(gapsMs), results };
  }

  /** The same, of a blow after which calls may stay where they are; until they have ended. */
  async talkOn(blow: (node: MediaNode) => Promise<void> | void): Promise<Survived> {
    const { node, hit, results } = await this.#talk();
    const known = { has: (callId: string) => !hit.has(callId) };
    const listening = await listen(this.bus, { known, talkMs: TALK_MS });
    await blow(node);
    await results;
    return { node, silence: await listening.end(), results };
  }

  /** Calls both sides of which are heard, the node that has most of them, and the media sessions that it has. */
  async #talk(): Promise<Omit<Survived, 'silence'> & { readonly hit: Map<string, string | undefined> }> {
    const known = new Set((await openCalls(this.bus)).map(({ callId }) => callId));
    const isNew = ({ callId }: CallRecord): boolean => !known.has(callId);
    const results = there(this.#load).talk({ calls: CALLS, talkMs: TALK_MS, follows: true });
    await until('all calls are heard', async () => (await this.#heard(isNew)).length === CALLS);
    const before = await this.#heard(isNew);
    const [first, second] = this.#nodes.map((_, index) => before.filter((call) => this.#indexOf(call) === index));
    const index = (first?.length ?? 0) >= (second?.length ?? 0) ? 0 : 1;
    const hit = new Map(
      before.filter((call) => this.#indexOf(call) === index).map((call) => [call.callId, call.mediaId]),
    );
    expect(hit.size).toBeGreaterThan(0);
    return { node: there(this.#nodes[index]), hit, results };
  }

  /** Every phone has changed its session and hung up, or been hung up on, and been answered; each call has ended once. */
  async expectAllWell({ results }: Survived): Promise<void> {
    for (const { errors, ...counts } of await results) {
      expect(counts, errors).toMatchObject({ successful: CALLS, failed: 0 });
    }
    const isOver = (kinds: readonly string[]): boolean => kinds.at(-1) === 'ended';
    await until('all calls have ended', async () => (await this.#newCalls()).every(isOver));
    const wholeCall = ['initiated', 'routed', 'ringing', 'answered', 'ended'];
    expect(await this.#newCalls()).toEqual(Array.from({ length: CALLS }, () => wholeCall));
    await until('no media session is left', async () => (await this.sessions()) === 0);
  }

  /** Calls that the edge has moved to another node. */
  moved(): Promise<number> {
    return this.platform.metric('edge-signaling-1', 'callweave_edge_calls_reanchored', ['outcome="moved"']);
  }

  /** Calls whose node is gone and that have found no other yet. */
  stranded(): Promise<number> {
    return this.platform.metric('edge-signaling-1', 'callweave_edge_calls_stranded');
  }

  /** Media sessions on all nodes that run. */
  async sessions(): Promise<number> {
    const counts = await Promise.all(this.#nodes.map(({ ng }) => ng.list(1_000, 2 * ASK_MS).catch(() => [])));
    return counts.flat().length;
  }

  /** Media sessions that no call has come to. */
  async strangers(): Promise<number> {
    const known = new Set((await openCalls(this.bus)).map(({ callId, mediaId = callId }) => mediaId));
    const held = await Promise.all(this.#nodes.map(({ ng }) => ng.list(1_000, 2 * ASK_MS).catch(() => [])));
    return held.flat().filter((mediaId) => !known.has(mediaId as CallId)).length;
  }

  /** Lets each INVITE take longer to leave the edge, until that one ends. */
  async delayInvites(byMs: number): Promise<void> {
    for (const instance of await rehearsing(this.bus, 'edge-signaling')) {
      await setFault(this.bus, instance, { kind: 'delay', way: 'out', byMs, forMs: 60_000, method: 'INVITE' });
    }
  }

  async #newCalls(): Promise<string[][]> {
    return [...(await callKinds(this.bus))].filter(([callId]) => !this.#before.has(callId)).map(([, kinds]) => kinds);
  }

  /** Of those that `isAsked` the answered calls from both sides of which their present node has had packets. */
  async #heard(isAsked: (call: CallRecord) => boolean): Promise<CallRecord[]> {
    const calls = (await answeredCalls(this.bus)).filter(isAsked);
    const isHeard = async (call: CallRecord): Promise<boolean> => {
      const node = this.#nodes[this.#indexOf(call)];
      const relayed = await node?.ng.query(call.mediaId ?? call.callId, ASK_MS).catch(() => undefined);
      const speaking = relayed?.parties.filter(({ packets }) => packets > 0).map(({ tag }) => tag) ?? [];
      return call.legs.every((leg) => speaking.includes(leg));
    };
    const heard = await Promise.all(calls.map(isHeard));
    return calls.filter((_, index) => heard[index]);
  }

  #indexOf({ media }: CallRecord): number {
    return this.#routers.findIndex(({ address }) => media?.startsWith(`${address}@`) === true);
  }

  async #start(): Promise<MediaNode> {
    const node = await startRtpengine();
    const host = '127.0.0.1';
    const router = await openUdpRouter({ host, port: await freePortOn([host]) }, node.address);
    const nowhere = `${host}:${String(await freePortOn([host]))}`;
    this.#routers.push(router);
    return { ...node, cut: () => router.routeTo(nowhere), mend: () => router.routeTo(node.address) };
  }
}
