import { atTurnEnd } from '@callweave/clock';
import { type CallId, type CallRecord } from '@callweave/contracts';
import { type LeftWord } from './left-calls.ts';

/** Answered calls that are not stored yet, and those of them that have ended; as they were last. */
export class UnstoredCalls {
  readonly #leave: ((callId: CallId, word: LeftWord) => void) | undefined;
  readonly #records = new Map<string, CallRecord>();
  /** Of them, those that a successor is told of. */
  readonly #left = new Set<CallId>();

  /** `leave` leaves word of a call to the next edge at this place. */
  constructor(leave?: (callId: CallId, word: LeftWord) => void) {
    this.#leave = leave;
  }

  has(callId: string): boolean {
    return this.#records.has(callId);
  }

  get(callId: CallId): CallRecord | undefined {
    return this.#records.get(callId);
  }

  put(record: CallRecord): void {
    this.#records.set(record.callId, record);
  }

  /** The caller has acknowledged its answer: with no record stored, whoever comes after us must know. */
  acknowledged(callId: CallId): void {
    // That it is stored may have come with the same news.
    atTurnEnd(() => {
      if (!this.#records.has(callId) || this.#left.has(callId)) return;
      this.#left.add(callId);
      this.#leave?.(callId, 'acknowledged');
    });
  }

  /** Whoever comes after us finds all that is to be known of the call among the records, if it still is a call. */
  stored(callId: CallId): void {
    this.#records.delete(callId);
    if (this.#left.delete(callId)) this.#leave?.(callId, 'stored');
  }

  /** Nothing of it is stored or will be. */
  forget(callId: CallId): void {
    this.#records.delete(callId);
    this.#left.delete(callId);
  }
}
