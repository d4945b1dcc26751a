import { controlFaults } from '@callweave/contracts';
import { type Answer, answer } from '../responder.ts';
import { type Faults } from './faults.ts';

/** Lets an operator set, list and clear the faults of this process. */
export function answerFaults(faults: Faults): Answer {
  return answer(controlFaults, (asked) => {
    if (asked.ask === 'set') faults.set(asked.fault);
    if (asked.ask === 'clear') faults.clear();
    return Promise.resolve({ faults: faults.list() });
  });
}
