import { createHash } from 'node:crypto';
import { type Timer } from '@callweave/clock';
import { mediaLifeOf, type MediaNodeId } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { type MediaNode } from './media-node.ts';
import { preference } from './node-health.table.ts';
import { PooledNode, type PooledNodeDeps } from './pooled-node.ts';

/** Twice missed is down: whoever talks by way of a node that dies is to hear something again within three seconds. */
const LOOK_EVERY_MS = 500;

/** The media nodes this process was told of, each looked at twice a second. */
export class NodePool {
  readonly #nodes: ReadonlyMap<string, PooledNode>;
  readonly #looking = new Set<PooledNode>();
  readonly #timer: Timer;
  readonly #log: Logger;

  private constructor(nodes: readonly MediaNode[], deps: PooledNodeDeps) {
    this.#nodes = new Map(nodes.map((node) => [node.address, new PooledNode(node, deps)]));
    this.#log = deps.log;
    this.#timer = deps.clock.every(LOOK_EVERY_MS, () => this.#look());
  }

  /** A pool that has looked at each node once: who answers is known, whoever does not is looked at again later. */
  static async open(nodes: readonly MediaNode[], deps: PooledNodeDeps): Promise<NodePool> {
    const pool = new NodePool(nodes, deps);
    await pool.lookAtAll();
    return pool;
  }

  /** Asks each node how it is, and makes up for what it could not be told. */
  async lookAtAll(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.look()));
  }

  get nodes(): readonly PooledNode[] {
    return [...this.#nodes.values()];
  }

  /** Calls on the nodes that answer. */
  get sessions(): number {
    return this.#up.reduce((sum, { load }) => sum + load, 0);
  }

  get upCount(): number {
    return this.#up.length;
  }

  /**
   * The nodes that may take a new call, in the order in which to try them: those that answer before those that may not,
   * and among the first two that the call id draws, the one with less to do. Every replica draws the same two, so a
   * question that is asked again finds the call where it was put.
   */
  candidates(callId: string): PooledNode[] {
    const drawn = this.nodes
      .filter(({ id }) => id !== undefined)
      .map((node) => ({ node, weight: weightOf(callId, node.address) }))
      .sort((a, b) => preference[a.node.health] - preference[b.node.health] || (a.weight < b.weight ? 1 : -1))
      .map(({ node }) => node);
    const [first, second, ...rest] = drawn;
    if (first === undefined || second === undefined) return drawn;
    const isSecondBetter = preference[first.health] === preference[second.health] && second.load < first.load;
    return isSecondBetter ? [second, first, ...rest] : drawn;
  }

  /** The node whose present life is `id`; undefined when that life is over or the node is none of ours. */
  find(id: MediaNodeId): PooledNode | undefined {
    const node = this.#nodes.get(mediaLifeOf(id).address);
    return node?.isLife(id) === true ? node : undefined;
  }

  /** The same; a life that began later than the one known here is looked for first: another replica has seen it. */
  async findNow(id: MediaNodeId): Promise<PooledNode | undefined> {
    const node = this.#nodes.get(mediaLifeOf(id).address);
    if (node?.isBefore(id) === true) await node.look();
    return this.find(id);
  }

  /** The node at the address of `id`, whose life is over. */
  successorOf(id: MediaNodeId): PooledNode | undefined {
    return this.#nodes.get(mediaLifeOf(id).address);
  }

  close(): void {
    this.#timer.cancel();
    for (const node of this.nodes) node.close();
  }

  get #up(): PooledNode[] {
    return this.nodes.filter(({ health }) => health === 'up' || health === 'shaky');
  }

  #look(): void {
    for (const node of this.nodes) {
      if (this.#looking.has(node)) continue;
      this.#looking.add(node);
      node
        .look()
        .catch((error: unknown) => this.#log.error('node.look-failed', { node: node.address, err: error }))
        .finally(() => this.#looking.delete(node));
    }
  }
}

function weightOf(callId: string, address: string): string {
  return createHash('sha256').update(`${address}\0${callId}`).digest('hex');
}
