import { type Answer, answer } from '@callweave/bus';
import { findLeg, type LegId, type PassedRequest, passRequest } from '@callweave/contracts';
import { type z } from 'zod';
import { type EstablishedCalls } from '../call/established-calls.ts';
import { type Leg, type LegTable } from '../leg/leg.ts';
import { type Doubts } from './doubts.ts';
import { fromPassed } from './passed-request.ts';

type PassAnswer = z.input<(typeof passRequest)['response']>;

const notHeld: PassAnswer = { kind: 'not-held' };

export interface AnswersDeps {
  readonly legs: LegTable;
  readonly calls: EstablishedCalls;
  readonly doubts: Doubts;
}

/** What this edge answers other edges about the legs in its hands. */
export function edgeAnswers({ legs, calls, doubts }: AnswersDeps): Answer[] {
  const held = async (legId: LegId): Promise<Leg | undefined> => {
    const call = calls.ofLeg(legId);
    if (call !== undefined) await doubts.settle(call);
    return legs.byId(legId);
  };
  return [
    answer(findLeg, async ({ legId }) => ({ held: (await held(legId)) !== undefined })),
    answer(passRequest, async (passed) => {
      const leg = await held(passed.legId);
      return leg === undefined ? notHeld : receive(leg, passed);
    }),
  ];
}

function receive(leg: Leg, passed: PassedRequest): Promise<PassAnswer> {
  return new Promise((resolve, reject) => {
    const request = fromPassed(passed, ({ status, reason, headers = {}, body }) => {
      const flat = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
      );
      resolve({ kind: 'answered', status, reason, headers: flat, body });
    });
    leg.receive(request).then(() => {
      if (passed.method === 'ACK') resolve({ kind: 'taken' });
    }, reject);
  });
}
