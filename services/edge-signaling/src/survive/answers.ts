import { type Answer, answer } from '@callweave/bus';
import { findLeg, type LegId, type PassedRequest, passRequest, yieldCall } from '@callweave/contracts';
import { parseCSeq } from '@callweave/sip';
import { type ReadableMessage } from '@callweave/srf';
import { type z } from 'zod';
import { type CallRecords } from '../call/call-records.ts';
import { type EstablishedCalls } from '../call/established-calls.ts';
import { type Leg, type LegTable } from '../leg/leg.ts';
import { type Doubts } from './doubts.ts';
import { carriedMessage } from '../remote-leg/carried-message.ts';
import { handOver } from './hand-over.ts';
import { fromPassed } from './passed-request.ts';

type PassAnswer = z.input<(typeof passRequest)['response']>;

const notHeld = { kind: 'not-held' } as const satisfies PassAnswer;

export interface AnswersDeps {
  readonly legs: LegTable;
  readonly calls: EstablishedCalls;
  readonly doubts: Doubts;
  readonly records: Pick<CallRecords, 'lend'>;
}

/** What this edge answers other edges about the legs in its hands. */
export function edgeAnswers({ legs, calls, doubts, records }: AnswersDeps): Answer[] {
  const held = async (legId: LegId): Promise<Leg | undefined> => {
    const call = calls.ofLeg(legId);
    if (call !== undefined) await doubts.settle(call);
    return legs.byId(legId);
  };
  const cancellations: Cancellations = new Map();
  return [
    answer(findLeg, async ({ legId }) => ({ held: (await held(legId)) !== undefined })),
    answer(passRequest, async (passed) => {
      const leg = await held(passed.legId);
      if (leg === undefined) return notHeld;
      return passed.method === 'CANCEL' ? cancel(passed, cancellations) : receive(leg, passed, cancellations);
    }),
    answer(yieldCall, async ({ legId }) => {
      await held(legId);
      const call = calls.ofLeg(legId);
      return call === undefined ? notHeld : handOver(call, records);
    }),
  ];
}

/** Whoever is to be told when a request is cancelled that was passed to us, by its leg and number. */
type Cancellations = Map<string, ((cancel: ReadableMessage) => void)[]>;

function keyOf({ legId, headers }: PassedRequest): string {
  return `${legId} ${String(parseCSeq(headers['cseq'] ?? '').number)}`;
}

/** RFC 3261 §9.2: one that is answered already cannot be cancelled any more. */
function cancel(passed: PassedRequest, cancellations: Cancellations): PassAnswer {
  const { headers, body } = passed;
  for (const listener of cancellations.get(keyOf(passed)) ?? []) listener(carriedMessage(headers, body));
  return { kind: 'taken' };
}

function receive(leg: Leg, passed: PassedRequest, cancellations: Cancellations): Promise<PassAnswer> {
  const key = keyOf(passed);
  const answered = new Promise<PassAnswer>((resolve, reject) => {
    // The engine that took the CANCEL has answered by itself.
    const listeners: ((cancel: ReadableMessage) => void)[] = [() => resolve({ kind: 'taken' })];
    if (passed.method === 'INVITE') cancellations.set(key, listeners);
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
  return answered.finally(() => {
    if (passed.method === 'INVITE') cancellations.delete(key);
  });
}
