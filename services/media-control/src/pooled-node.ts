import { type Clock } from '@callweave/clock';
import { type MediaNodeId } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { type MediaNode, type NodeAnswer, type NodeOffer, type NodeReply } from './media-node.ts';
import { type Health, type HealthAction, type HealthInput, nodeHealthTable } from './node-health.table.ts';
import { NodeLife } from './node-life.ts';

/** A node reports in a few milliseconds; one that takes longer than this missed its turn. */
const REPORT_MS = 700;
/** Calls that a node could not be told to forget; more are left to its own time-outs. */
const MAX_OWED = 10_000;
/** Of those, how many are made up for after one report, so that a node that comes back is not flooded. */
const OWED_AT_ONCE = 64;

/** One node of the pool: what it is thought to be, what it carries, and what it still has to be told. */
export class PooledNode {
  readonly #node: MediaNode;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #life: NodeLife;
  readonly #owed = new Set<string>();
  #health: Health = 'new';
  #sessions = 0;
  /** Calls put there since it last reported. */
  #placed = 0;

  constructor(node: MediaNode, { clock, log }: { clock: Clock; log: Logger }) {
    this.#node = node;
    this.#clock = clock;
    this.#log = log.child({ node: node.address });
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

  /** Asks the node how it is, and makes up for what it could not be told. */
  async look(): Promise<void> {
    const report = await this.#node.report(REPORT_MS);
    if (report.kind === 'silent') {
      this.#feed('missed');
      return;
    }
    const now = { monotonicMs: this.#clock.monotonicMs(), epochMs: this.#clock.epochMs() };
    if (this.#life.see(report.uptimeSec, now)) {
      this.#owed.clear();
      this.#log.warn('node.restarted', { uptimeSec: report.uptimeSec });
    }
    this.#sessions = report.sessions;
    this.#placed = 0;
    this.#feed('answered');
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

  /** A question that nobody answered counts like a report that was missed. */
  #heard<T extends { readonly kind: string }>(outcome: T): T {
    if (outcome.kind === 'silent') this.#feed('missed');
    return outcome;
  }

  async #settle(): Promise<void> {
    const calls = [...this.#owed].slice(0, OWED_AT_ONCE);
    for (const callId of calls) this.#owed.delete(callId);
    await Promise.all(calls.map((callId) => this.release(callId, REPORT_MS)));
  }

  /** The only place where the health of a node changes. */
  #feed(input: HealthInput): void {
    const [next, ...actions] = nodeHealthTable[this.#health][input];
    this.#health = next;
    for (const action of actions) this.#actions[action]();
  }

  readonly #actions: Readonly<Record<HealthAction, () => void>> = {
    tellUp: () => this.#log.info('node.up', { life: this.id, sessions: this.#sessions }),
    tellDown: () => this.#log.warn('node.down', { life: this.id }),
  };
}
