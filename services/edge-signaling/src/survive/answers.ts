import { type Answer, answer } from '@callweave/bus';
import { bringResponse, findLeg, type LegId, type PassedRequest, passRequest, yieldCall } from '@callweave/contracts';
import { parseCSeq } from '@callweave/sip';
import { type ReadableMessage } from '@callweave/srf';
import { type z } from 'zod';
import { type CallRecords } from '../call/call-records.ts';
import { type EstablishedCalls } from '../call/established-calls.ts';
import { type Leg, type LegTable, type SendRequest } from '../leg/leg.ts';
import { type Doubts } from './doubts.ts';
import { carriedMessage } from '../remote-leg/carried-message.ts';
import { handOver } from './hand-over.ts';
import { fromPassed } from './passed-request.ts';
import { takeResponse } from './stray-responses.ts';

type PassAnswer = z.input<(typeof passRequest)['response']>;

const notHeld = { kind: 'not-held' } as const satisfies PassAnswer;

export interface AnswersDeps {
  readonly legs: LegTable;
  readonly calls: EstablishedCalls;
  readonly doubts: Pick<Doubts, 'settle'>;
  readonly records: Pick<CallRecords, 'lend'>;
  /** Sends by our own engine. */
  readonly send: SendRequest;
}

/** What this edge answers other edges about the legs in its hands. */
export interface EdgeAnswers {
  readonly answers: readonly Answer[];
  /** Our engine is gone: what was passed to us and is not answered yet is for whoever passed it. */
  readonly giveUp: () => void;
}

/** Answers by way of these. */
export function edgeAnswers({ legs, calls, doubts, records, send }: AnswersDeps): EdgeAnswers {
  const held = async (legId: LegId): Promise<Leg | undefined> => {
    const call = calls.ofLeg(legId);
    if (call !== undefined) await doubts.settle(call);
    return legs.byId(legId);
  };
  const inHand = new InHand();
  const answers = [
    answer(findLeg, async ({ legId }) => ({ held: (await held(legId)) !== undefined })),
    answer(passRequest, async (passed) => {
      const leg = await held(passed.legId);
      if (leg === undefined) return notHeld;
      return passed.method === 'CANCEL' ? inHand.cancel(passed) : inHand.receive(leg, passed);
    }),
    answer(yieldCall, async ({ legId }) => {
      await held(legId);
      const call = calls.ofLeg(legId);
      return call === undefined ? notHeld : handOver(call, records);
    }),
    answer(bringResponse, async (response) => ({ wanted: await takeResponse(send, response) })),
  ];
  return { answers, giveUp: () => inHand.giveUp() };
}

function keyOf({ legId, headers }: PassedRequest): string {
  return `${legId} ${String(parseCSeq(headers['cseq'] ?? '').number)}`;
}

/** The requests that were passed to us and are not answered yet. */
class InHand {
  /** Whoever is to be told when an INVITE is cancelled, by its leg and number. */
  readonly #cancellations = new Map<string, ((cancel: ReadableMessage) => void)[]>();
  readonly #open = new Set<(answer: PassAnswer) => void>();

  /** RFC 3261 §9.2: one that is answered already cannot be cancelled any more. */
  cancel(passed: PassedRequest): PassAnswer {
    const { headers, body } = passed;
    for (const listener of this.#cancellations.get(keyOf(passed)) ?? []) listener(carriedMessage(headers, body));
    return { kind: 'taken' };
  }

  async receive(leg: Leg, passed: PassedRequest): Promise<PassAnswer> {
    const key = keyOf(passed);
    let settle: (answer: PassAnswer) => void = () => undefined;
    const answered = new Promise<PassAnswer>((resolve, reject) => {
      settle = resolve;
      // The engine that took the CANCEL has answered by itself.
      const listeners: ((cancel: ReadableMessage) => void)[] = [() => resolve({ kind: 'taken' })];
      if (passed.method === 'INVITE') this.#cancellations.set(key, listeners);
      const request = fromPassed(passed, {
        replied: ({ status, reason, headers = {}, body }) => {
          const flat = Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
          );
          resolve({ kind: 'answered', status, reason, headers: flat, body });
        },
        onCancel: (listener) => void listeners.push(listener),
      });
      leg.receive(request).then(() => {
        if (passed.method === 'ACK' || passed.isFromEngine === true) resolve({ kind: 'taken' });
      }, reject);
    });
    this.#open.add(settle);
    try {
      return await answered;
    } finally {
      this.#open.delete(settle);
      if (passed.method === 'INVITE') this.#cancellations.delete(key);
    }
  }

  giveUp(): void {
    for (const settle of this.#open) settle(notHeld);
  }
}
