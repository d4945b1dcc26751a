import { type Connection } from '@callweave/bus';
import { type CallRecord, type Cdr } from '@callweave/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { answeredCalls, callDetailRecords, callKinds, endedBy, openCalls } from './call-facts.ts';
import { CallLoad, type TalkOptions } from './call-load.ts';
import { type EdgePair, type EdgePairOptions, startEdgePair } from './edge-pair.ts';
import { takeLoadTurn } from './load-turn.ts';
import { mediaCallIds, mediaSessions } from './media-sessions.ts';
import { type Platform, startPlatform } from './platform.ts';
import { type SippResult } from './sipp.ts';
import { openTalkWord } from './talk-word.ts';
import { there } from './there.ts';
import { until } from './until.ts';
import { warnings } from './warnings.ts';

/** Calls that are up at once. */
export const CALLS = 20;
/** Of what is left, how much is named. */
const SHOWN = 5;
const wholeCall = ['initiated', 'routed', 'ringing', 'answered', 'ended'];

/** For every process. */
export type Settings = Readonly<Record<string, string>>;

/** An address that two edges have in turn. */
export interface SharedAddress {
  /** `ip:port`, UDP. */
  readonly address: string;
  /** Where the edges are, the one that has it first before the other. */
  readonly edges: readonly [EdgePairOptions, EdgePairOptions];
  /** The phones' own address. */
  readonly phones: string;
  close(): Promise<void> | void;
}

interface Made<A> {
  readonly shared: A;
  readonly first: EdgePair;
  readonly second: EdgePair;
  readonly load: CallLoad;
  readonly others: CallLoad;
}

/** Two edges that share a UDP address, made anew for each test, and phones that call through the first of them. */
export class SharedEdges<A extends SharedAddress> {
  #platform: Platform | undefined;
  #endTurn = (): void => undefined;
  #bus: Connection | undefined;
  #made: Made<A> | undefined;
  #before: ReadonlyMap<string, unknown> = new Map();

  #settings: Settings = {};

  /**
   * Starts and ends all of it with the tests of the file that calls this; `open` makes the address, and `settings` are for
   * every process.
   */
  constructor(open: () => Promise<A>, settings: () => Settings | Promise<Settings> = () => ({})) {
    beforeAll(async () => {
      this.#endTurn = await takeLoadTurn();
      this.#settings = await settings();
      this.#platform = await startPlatform({ ...noPings, ...this.#settings });
      this.#bus = await this.#platform.bus();
    }, 420_000);
    afterAll(async () => {
      await this.#platform?.stop();
      this.#endTurn();
    });
    beforeEach(async () => this.#make(await open()), 180_000);
    afterEach(async ({ task }) => {
      const { shared, first, second } = this.#edges;
      if (task.result?.state === 'fail') {
        const logs = [first.logs(), second.logs(), this.platform.logs()];
        process.stderr.write(logs.flatMap(warnings).join('\n'));
      }
      await Promise.all([first.stop(), second.stop()]);
      await shared.close();
    });
  }

  get platform(): Platform {
    return there(this.#platform);
  }

  get bus(): Connection {
    return there(this.#bus);
  }

  /** The address that both edges have in turn. */
  get shared(): A {
    return this.#edges.shared;
  }

  /** The edge that calls go through until the address is led elsewhere. */
  get first(): EdgePair {
    return this.#edges.first;
  }

  get second(): EdgePair {
    return this.#edges.second;
  }

  get load(): CallLoad {
    return this.#edges.load;
  }

  /** Further phones, for calls that begin later. */
  get others(): CallLoad {
    return this.#edges.others;
  }

  /**
   * Places the calls, waits until every one of them is answered and kept, and lets `blow` fall; they hang up after it,
   * or when they have talked for `talkMs`. What both sides saw.
   */
  async talkThrough(
    blow: () => Promise<void> | void,
    options: Partial<TalkOptions> = {},
  ): Promise<[SippResult, SippResult]> {
    const word = await openTalkWord();
    try {
      const wordFrom = options.talkMs === undefined ? { wordFrom: word.port } : {};
      const talking = this.load.talk({ calls: CALLS, talkMs: 0, ...wordFrom, ...options });
      const answered = async (): Promise<CallRecord[]> => this.#ofThisTest(await answeredCalls(this.bus));
      const told = async (): Promise<boolean> =>
        (await this.newCalls()).filter((kinds) => kinds.at(-1) === 'answered').length === CALLS;
      const isReached = async (): Promise<boolean> => (await answered()).length === CALLS && (await told());
      // What an edge has not told when it dies is told by the next at its place, and there is none here.
      await until('all calls are answered, and told to be', isReached, 60_000);
      expect(new Set((await answered()).map(({ owner }) => owner)).size).toBe(1);
      await blow();
      word.give();
      return await talking;
    } finally {
      word.close();
    }
  }

  /** Every phone has hung up or been hung up on, and been answered. */
  expectAllContent(results: readonly SippResult[]): void {
    for (const { errors, ...counts } of results) {
      expect(counts, `${errors}\n${this.second.logs()}`).toMatchObject({ successful: CALLS, failed: 0 });
    }
  }

  /** Every one of the calls of this test has ended once, and nothing is left of it but what is kept for repeated BYEs. */
  async expectAllEnded(calls = CALLS): Promise<Set<string>> {
    const isOver = (kinds: readonly string[]): boolean => kinds.at(-1) === 'ended';
    await until(
      'all calls have ended',
      async () => (await this.#isNothingOpen()) && (await this.newCalls()).every(isOver),
    );
    expect(await this.newCalls()).toEqual(Array.from({ length: calls }, () => wholeCall));
    await this.#expectAllRecorded(calls);
    const owners = await endedBy(this.bus);
    return new Set([...owners].filter(([callId]) => !this.#before.has(callId)).map(([, owner]) => owner));
  }

  /** Nothing is left of any call, and every one there ever was has one end and one record, as operators see it. */
  async expectBooksBalance(limitMs = 60_000): Promise<void> {
    const isOver = (kinds: readonly string[]): boolean => ['ended', 'failed'].includes(kinds.at(-1) ?? '');
    await until(
      'nothing is left of any call',
      async () => (await this.#isNothingOpen()) && (await this.newCalls()).every(isOver),
      limitMs,
    ).catch(async (error: unknown) => {
      throw new Error(`${String(error)}: ${await this.#whatIsOpen(isOver)}`, { cause: error });
    });
    const count = async (): Promise<number> => (await callKinds(this.bus)).size;
    const recorded = async (): Promise<boolean> => (await callDetailRecords(this.bus)).length >= (await count());
    await until('all calls are recorded', recorded, 60_000);
    const audit = await this.platform.cli('audit', '--grace-sec', '0');
    expect(audit, audit.output).toMatchObject({ code: 0 });
  }

  /** Every call of this test has one record, with both its legs, whoever wrote it. */
  async #expectAllRecorded(calls: number): Promise<void> {
    const records = async (): Promise<Cdr[]> =>
      (await callDetailRecords(this.bus)).filter(({ callId }) => !this.#before.has(callId));
    await until('all calls are recorded', async () => (await records()).length >= calls, 60_000);
    const all = await records();
    expect(new Set(all.map(({ callId }) => callId)).size).toBe(all.length);
    const talkers = ({ legs }: Cdr): string[] =>
      legs.flatMap(({ role, answeredAt }) => (answeredAt === undefined ? [] : [role]));
    for (const record of all) expect(talkers(record)).toEqual(['caller', 'callee']);
  }

  /** What was told of each call of this test. */
  async newCalls(): Promise<string[][]> {
    return [...(await callKinds(this.bus))].filter(([callId]) => !this.#before.has(callId)).map(([, kinds]) => kinds);
  }

  /** How many calls an edge has taken over. */
  adopted(edge: EdgePair): Promise<number> {
    return edge.metric('callweave_edge_calls_adopted');
  }

  /** What an earlier test has left behind is no fault of this one's. */
  #ofThisTest<T extends { readonly callId: string }>(calls: readonly T[]): T[] {
    return calls.filter(({ callId }) => !this.#before.has(callId));
  }

  async #isNothingOpen(): Promise<boolean> {
    const [sessions, open] = await Promise.all([mediaSessions(this.platform, this.#before), openCalls(this.bus)]);
    return sessions + this.#ofThisTest(open).length === 0;
  }

  async #whatIsOpen(isOver: (kinds: readonly string[]) => boolean): Promise<string> {
    const sessions = (await mediaCallIds(this.platform)).filter((callId) => !this.#before.has(callId));
    const open = this.#ofThisTest(await openCalls(this.bus));
    const told = [...(await callKinds(this.bus))].filter(([, kinds]) => !isOver(kinds));
    const names = [...sessions, ...open.map(({ callId }) => callId), ...told.map(([callId]) => callId)].slice(0, SHOWN);
    const lines = [this.first.logs(), this.second.logs(), this.platform.logs()].join('\n').split('\n');
    const about = lines.filter((line) => names.some((name) => line.includes(name)));
    return [JSON.stringify({ sessions, open: open.slice(0, SHOWN), told: told.slice(0, SHOWN) }), ...about].join('\n');
  }

  get #edges(): Made<A> {
    return there(this.#made);
  }

  async #make(shared: A): Promise<void> {
    const [one, other] = shared.edges;
    const settings = this.#settings;
    const [first, second] = await Promise.all([
      startEdgePair(this.platform, { ...one, settings }),
      startEdgePair(this.platform, { ...other, settings }),
    ]);
    const load = await CallLoad.open(this.platform, shared.address, 'caller', shared.phones);
    const others = await CallLoad.open(this.platform, shared.address, 'other', shared.phones);
    this.#made = { shared, first, second, load, others };
    this.#before = await callKinds(this.bus);
  }
}

/** The phones stand behind our router as behind a NAT, and SIPp takes every ping for one of the calls that it answers. */
const noPings = { CALLWEAVE_REGISTRAR_NAT_PING_SEC: '0' };
