import { type AuditedFact, isEnd } from './audited-fact.ts';
import { judge } from './judge.ts';

/** How long after its record more may be told of a call, by the clock of the bus. */
const SETTLE_MS = 10_000;

/** A call that the facts of the period alone do not show to be in order. */
export interface Doubt {
  readonly callId: string;
  readonly tenant: string;
  /** Whether it began in the period. */
  readonly hasBegun: boolean;
  /** What was read of it; all that was told lately of a call that is not over. */
  readonly facts: readonly AuditedFact[];
}

/** What the facts of a period show by themselves. */
export interface Closed {
  /** Calls that are in order from beginning to end. */
  readonly answered: number;
  readonly failed: number;
  readonly doubts: readonly Doubt[];
}

/**
 * Enters facts in the order in which they were stored, and strikes off each call that is over and in order, so that
 * what is in memory are the calls in progress and those that are not in order.
 */
export class Books {
  readonly #open = new Map<string, AuditedFact[]>();
  /** Calls that have their end and their record, and when nothing more is awaited of them; earliest first. */
  readonly #settling = new Map<string, number>();
  readonly #doubts = new Map<string, Doubt>();
  #answered = 0;
  #failed = 0;

  /** Calls that are in memory now. */
  get open(): number {
    return this.#open.size;
  }

  enter(fact: AuditedFact): void {
    const { callId, storedAtMs } = fact;
    for (const [settled, dueMs] of this.#settling) {
      if (dueMs > storedAtMs) break;
      this.#strike(settled);
    }
    const facts = this.#open.get(callId);
    if (facts === undefined) this.#open.set(callId, [fact]);
    else facts.push(fact);
    const told = facts ?? [fact];
    if (told.some(isEnd) && told.some(({ kind }) => kind === 'recorded') && !this.#settling.has(callId)) {
      this.#settling.set(callId, storedAtMs + SETTLE_MS);
    }
  }

  /** The period is over. */
  close(): Closed {
    for (const callId of this.#open.keys()) this.#strike(callId);
    return { answered: this.#answered, failed: this.#failed, doubts: [...this.#doubts.values()] };
  }

  #strike(callId: string): void {
    const facts = this.#open.get(callId) ?? [];
    this.#open.delete(callId);
    this.#settling.delete(callId);
    const [first] = facts;
    if (first === undefined) return;
    if (judge(facts).length === 0) {
      if (facts.some(({ kind }) => kind === 'answered')) this.#answered += 1;
      else this.#failed += 1;
      return;
    }
    const before = this.#doubts.get(callId);
    const hasBegun = before?.hasBegun === true || facts.some(({ kind }) => kind === 'initiated');
    this.#doubts.set(callId, { callId, tenant: first.tenant, hasBegun, facts });
  }
}
