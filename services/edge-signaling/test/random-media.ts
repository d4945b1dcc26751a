import { type CallId } from '@callweave/contracts';
import { type Anchored, type Media } from '../src/call/call-ports.ts';
import { node } from './stored-call.ts';

const outcomes = {
  anchored: { kind: 'anchored', sdp: 'v=0 anchored', node },
  unusable: { kind: 'unusable', reason: 'no codec' },
  unavailable: { kind: 'unavailable' },
} as const;

export type MediaOutcome = keyof typeof outcomes;

/** A media node that answers when and as it is told to. */
export class RandomMedia implements Media {
  readonly #pending: {
    readonly id: CallId;
    readonly isOffer: boolean;
    readonly resolve: (outcome: Anchored) => void;
  }[] = [];
  /** What it has taken, and whether the last that it was told of it is to release it. */
  readonly #taken = new Map<CallId, boolean>();
  /** What is another edge's to release. */
  readonly #given = new Set<CallId>();

  /** Questions that are not answered yet. */
  get pending(): number {
    return this.#pending.length;
  }

  /** What it holds for ever. */
  get unreleased(): CallId[] {
    return [...this.#taken].flatMap(([id, isReleased]) => (isReleased ? [] : [id]));
  }

  /** It has the media of a call. */
  taken(id: CallId): void {
    this.#taken.set(id, false);
  }

  /** From now on it is for another edge to release that. */
  give(id: CallId): void {
    this.#taken.delete(id);
    this.#given.add(id);
  }

  /** Answers one of the questions. */
  settle(index: number, outcome: MediaOutcome): void {
    const [asked] = this.#pending.splice(index % Math.max(1, this.#pending.length), 1);
    if (asked === undefined) return;
    const { id, isOffer, resolve } = asked;
    if (isOffer && outcome === 'anchored' && !this.#given.has(id) && !this.#taken.has(id)) this.#taken.set(id, false);
    resolve(outcomes[outcome]);
  }

  offer({ callId }: { callId: CallId }): Promise<Anchored> {
    if (this.#taken.has(callId)) this.#taken.set(callId, false);
    return this.#ask(callId, true);
  }

  answer({ callId }: { callId: CallId }): Promise<Anchored> {
    return this.#ask(callId, false);
  }

  release(_tenant: unknown, callId: CallId): Promise<undefined> {
    if (this.#taken.has(callId)) this.#taken.set(callId, true);
    return Promise.resolve(undefined);
  }

  #ask(id: CallId, isOffer: boolean): Promise<Anchored> {
    return new Promise((resolve) => this.#pending.push({ id, isOffer, resolve }));
  }
}
