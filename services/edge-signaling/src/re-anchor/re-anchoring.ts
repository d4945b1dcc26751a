import { type Clock, type Timer } from '@callweave/clock';
import { type EstablishedCall } from '../call/established-call.ts';
import { holders } from '../call/session.ts';
import { counter, type Logger } from '@callweave/telemetry';
import { callsReanchored } from '../metrics.ts';
import { type Moved } from './move-call.ts';
import { type NodeLives } from './node-lives.ts';

/** 50 calls a second: phones, media nodes and whoever else shares the wire get through it, and new calls beside it. */
const EVERY_MS = 20;
/** A call that could not be moved is tried again after so long. */
const RETRY_MS = 2_000;
/** A phone that has refused so often is left in peace. */
const MAX_ATTEMPTS = 3;

export interface ReAnchoringDeps {
  /** The answered calls in the hands of this edge. */
  readonly calls: { readonly all: readonly EstablishedCall[] };
  readonly lives: Pick<NodeLives, 'isGone'>;
  /** Whether what is known of the nodes is all that was told. */
  readonly isCurrent: () => boolean;
  readonly move: (call: EstablishedCall) => Promise<Moved>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Lets the calls of a media node that is gone go on by way of another: those who talk before those who are kept on hold,
 * so many a second. A call that cannot be moved stays up.
 */
export class ReAnchoring {
  readonly #deps: ReAnchoringDeps;
  readonly #outcomes = counter(callsReanchored);
  readonly #talking = new Set<EstablishedCall>();
  readonly #held = new Set<EstablishedCall>();
  readonly #moving = new Map<EstablishedCall, Promise<void>>();
  /** Calls that could not be moved when last tried. */
  readonly #stranded = new Map<EstablishedCall, Timer>();
  readonly #refusals = new WeakMap<EstablishedCall, number>();
  /** Calls of which one side alone has come along. */
  readonly #torn = new WeakSet<EstablishedCall>();
  #pace: Timer | undefined;

  constructor(deps: ReAnchoringDeps) {
    this.#deps = deps;
  }

  /** Calls in hand whose media is lost and may yet be found again. */
  get size(): number {
    return this.#talking.size + this.#held.size + this.#moving.size + this.#stranded.size;
  }

  /** Whether a call is being moved now. */
  isMoving(call: EstablishedCall | undefined): boolean {
    return call !== undefined && this.#moving.has(call);
  }

  /** A node came or went. */
  nodesChanged(): void {
    // A node that was missing may be what they wait for.
    for (const call of [...this.#stranded.keys()]) this.#wait(call);
    for (const call of this.#deps.calls.all) this.consider(call);
  }

  /** A call may have been taken over whose node is gone already. */
  consider(call: EstablishedCall): void {
    const isKnown = this.#moving.has(call) || this.#stranded.has(call);
    if (isKnown || (this.#refusals.get(call) ?? 0) >= MAX_ATTEMPTS) return;
    if (this.#isLost(call)) this.#wait(call);
  }

  /** Leaves those that are being moved to whoever takes them over and moves them anew: nothing of them is left behind. */
  async drain(): Promise<void> {
    this.stop();
    for (const call of this.#moving.keys()) call.supersede();
    await Promise.all(this.#moving.values());
  }

  stop(): void {
    this.#pace?.cancel();
    for (const timer of this.#stranded.values()) timer.cancel();
    for (const calls of [this.#stranded, this.#talking, this.#held]) calls.clear();
  }

  #isLost(call: EstablishedCall): boolean {
    if (call.state === 'ended') return false;
    return this.#torn.has(call) || this.#deps.lives.isGone(call.parts.node);
  }

  #wait(call: EstablishedCall): void {
    this.#stranded.get(call)?.cancel();
    this.#stranded.delete(call);
    (holders(call.session).length === 0 ? this.#talking : this.#held).add(call);
    this.#pace ??= this.#deps.clock.every(EVERY_MS, () => this.#next());
  }

  #next(): void {
    if (!this.#deps.isCurrent()) return;
    const call = this.#take(this.#talking) ?? this.#take(this.#held);
    if (call === undefined) {
      this.#pace?.cancel();
      this.#pace = undefined;
      return;
    }
    const moving = this.#move(call).catch((error: unknown) => {
      this.#deps.log.error('call.re-anchoring-failed', { callId: call.parts.callId, err: error });
    });
    this.#moving.set(call, moving);
  }

  /** The next one that still has to be moved: the node of others may be back. */
  #take(waiting: Set<EstablishedCall>): EstablishedCall | undefined {
    for (const call of waiting) {
      waiting.delete(call);
      if (!this.#moving.has(call) && this.#isLost(call)) return call;
    }
    return undefined;
  }

  async #move(call: EstablishedCall): Promise<void> {
    const { move, log } = this.#deps;
    const { callId, node: from } = call.parts;
    let moved: Moved;
    try {
      moved = await move(call);
    } finally {
      this.#moving.delete(call);
    }
    switch (moved.kind) {
      case 'over':
        return;
      case 'no-node':
        log.warn('call.stranded', { callId, from });
        this.#strand(call);
        return;
      case 'moved':
        this.#refusals.delete(call);
        this.#torn.delete(call);
        this.#outcomes.add(1, { outcome: 'moved' });
        log.info('call.re-anchored', { callId, from, to: call.parts.node });
        // The next one may have died meanwhile.
        this.consider(call);
        return;
      case 'refused':
        this.#refused(call, moved);
    }
  }

  #refused(call: EstablishedCall, { status, agreed }: Moved & { readonly kind: 'refused' }): void {
    const attempts = (this.#refusals.get(call) ?? 0) + 1;
    this.#refusals.set(call, attempts);
    if (agreed !== undefined) this.#torn.add(call);
    const isLast = attempts >= MAX_ATTEMPTS;
    if (isLast) this.#outcomes.add(1, { outcome: agreed === undefined ? 'refused' : 'half' });
    this.#deps.log.warn('call.not-re-anchored', { callId: call.parts.callId, status, agreed, attempts });
    if (!isLast) this.#strand(call);
  }

  #strand(call: EstablishedCall): void {
    const timer = this.#deps.clock.after(RETRY_MS, () => this.#wait(call));
    this.#stranded.set(call, timer);
  }
}
