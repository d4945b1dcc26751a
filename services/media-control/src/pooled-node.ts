import { type Clock } from '@callweave/clock';
import { compareLives, mediaLifeOf, type MediaNodeId } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { type MediaNode, type NodeAnswer, type NodeOffer, type NodeReply } from './media-node.ts';
import { type Health, type HealthAction, type HealthInput, nodeHealthTable } from './node-health.table.ts';
import { NodeLife } from './node-life.ts';

/** A node reports in a few milliseconds; one that takes longer than this missed its turn. */
const REPORT_MS = 450;
/** A report that is given up this much later than it should be says that we stood still, not the node. */
const STALL_MS = 250;
/** Calls that a node could not be told to forget; more are left to its own time-outs. */
const MAX_OWED = 10_000;
/** Of those, how many are made up for after one report, so that a node that comes back is not flooded. */
const OWED_AT_ONCE = 64;

/** What is noticed of a node, by its life. */
export interface NodeEvents {
  /** It answers: for the first time, or again. */
  up(life: MediaNodeId): void;
  /** It has answered nothing for a while. */
  down(life: MediaNodeId): void;
  /** Another life runs at its address: this one has ended. */
  over(life: MediaNodeId): void;
}

export interface PooledNodeDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: NodeEvents;
}

/** One node of the pool: what it is thought to be, what it carries, and what it still has to be told. */
export class PooledNode {
  readonly #node: MediaNode;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #events: NodeEvents;
  readonly #life: NodeLife;
  readonly #owed = new Set<string>();
  #health: Health = 'new';
  #sessions = 0;
  /** Calls put there since it last reported. */
  #placed = 0;

  constructor(node: MediaNode, { clock, log, events }: PooledNodeDeps) {
    this.#node = node;
    this.#clock = clock;
    this.#log = log.child({ node: node.address });
    this.#events = events;
    this.#life = new NodeLife(node.address);
  }

  get address(): string {
    return this.#node.address;
  }

  get health(): Health {
    return this.#health;
  }

  /** The life that runs there, by the last report. */
  get id(): MediaNodeId | undefined {
    return this.#life.id;
  }

  /** Calls it carries, as far as is known. */
  get load(): number {
    return this.#sessions + this.#placed;
  }

  /** Whether `id` names the life that runs there now. */
  isLife(id: MediaNodeId): boolean {
    return this.#life.is(id);
  }

  /** Whether `id` names a life that began after the one that is known to run there. */
  isBefore(id: MediaNodeId): boolean {
    const { id: known } = this;
    return known !== undefined && compareLives(mediaLifeOf(known).startSec, mediaLifeOf(id).startSec) === 'older';
  }

  /** Asks the node how it is, and makes up for what it could not be told. */
  async look(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const report = await this.#node.report(REPORT_MS);
    const now = { monotonicMs: this.#clock.monotonicMs(), epochMs: this.#clock.epochMs() };
    if (report.kind === 'silent') {
      if (now.monotonicMs - startedMs <= REPORT_MS + STALL_MS) this.#feed('missed');
      return;
    }
    const before = this.id;
    const isAnother = this.#life.see(report.uptimeSec, now);
    this.#sessions = report.sessions;
    this.#placed = 0;
    if (isAnother) this.#log.warn('node.restarted', { uptimeSec: report.uptimeSec, life: this.id, before });
    this.#feed(isAnother ? 'restarted' : 'answered', before);
    await this.#settle();
  }

  async offer(offer: NodeOffer, timeoutMs: number): Promise<NodeReply> {
    this.#owed.delete(offer.callId);
    this.#placed += 1;
    return this.#heard(await this.#node.offer(offer, timeoutMs));
  }

  async answer(answer: NodeAnswer, timeoutMs: number): Promise<NodeReply> {
    return this.#heard(await this.#node.answer(answer, timeoutMs));
  }

  async query(callId: string, timeoutMs: number): ReturnType<MediaNode['query']> {
    return this.#heard(await this.#node.query(callId, timeoutMs));
  }

  /** Ends a call there; when the node does not answer it is told later. */
  async release(callId: string, timeoutMs: number): ReturnType<MediaNode['delete']> {
    const outcome = this.#heard(await this.#node.delete(callId, timeoutMs));
    if (outcome.kind === 'silent') this.owe(callId);
    return outcome;
  }

  /** Notes that the node may carry a call that is none of its business any more. */
  owe(callId: string): void {
    if (this.#owed.size < MAX_OWED) this.#owed.add(callId);
    else this.#log.warn('node.call-left-behind', { callId });
  }

  close(): void {
    this.#node.close();
  }

  #heard<T extends { readonly kind: string }>(outcome: T): T {
    if (outcome.kind === 'silent') this.#feed('hesitated');
    return outcome;
  }

  async #settle(): Promise<void> {
    const calls = [...this.#owed].slice(0, OWED_AT_ONCE);
    for (const callId of calls) this.#owed.delete(callId);
    await Promise.all(calls.map((callId) => this.release(callId, REPORT_MS)));
  }

  /** The only place where the health of a node changes. */
  #feed(input: HealthInput, before?: MediaNodeId): void {
    const [next, ...actions] = nodeHealthTable[this.#health][input];
    this.#health = next;
    for (const action of actions) this.#actions[action](before);
  }

  readonly #actions: Readonly<Record<HealthAction, (before: MediaNodeId | undefined) => void>> = {
    tellUp: () => {
      this.#log.info('node.up', { life: this.id, sessions: this.#sessions });
      if (this.id !== undefined) this.#events.up(this.id);
    },
    tellDown: () => {
      this.#log.warn('node.down', { life: this.id });
      if (this.id !== undefined) this.#events.down(this.id);
    },
    tellOver: (before) => {
      if (before !== undefined) this.#events.over(before);
    },
  };
}
