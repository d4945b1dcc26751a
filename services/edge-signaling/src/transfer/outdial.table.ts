import { type Table } from '../machine.ts';

export type OutdialState = 'routing' | 'anchoring' | 'ringing' | 'answered' | 'ended';
export type OutdialInput =
  | 'routed'
  | 'anchored'
  | 'progress'
  | 'answer'
  | 'targetFailed'
  | 'ringTimeout'
  | 'noMoreTargets'
  | 'failure'
  | 'left'
  | 'stop'
  | 'kept';
export type OutdialAction =
  'nextTargets' | 'place' | 'tellProgress' | 'tellAnswer' | 'tellFailure' | 'stopTargets' | 'release' | 'dispose';

/**
 * Calling the target of a transfer: devices group after group, as for any call, with media of its own. `left`: who
 * answered hung up before he was joined with anybody.
 */
// prettier-ignore
export const outdialTable: Table<OutdialState, OutdialInput, OutdialAction> = {
  routing: {
    routed:        ['anchoring', 'nextTargets'],
    failure:       ['ended', 'tellFailure', 'dispose'],
    stop:          ['ended', 'dispose'],
  },
  anchoring: {
    anchored:      ['ringing', 'place'],
    noMoreTargets: ['ended', 'release', 'tellFailure', 'dispose'],
    failure:       ['ended', 'release', 'tellFailure', 'dispose'],
    stop:          ['ended', 'release', 'dispose'],
  },
  ringing: {
    progress:      ['ringing', 'tellProgress'],
    answer:        ['answered', 'tellAnswer'],
    targetFailed:  ['anchoring', 'nextTargets'],
    ringTimeout:   ['anchoring', 'stopTargets', 'nextTargets'],
    failure:       ['ended', 'release', 'tellFailure', 'dispose'],
    stop:          ['ended', 'stopTargets', 'release', 'dispose'],
  },
  answered: {
    kept:          ['ended', 'dispose'],
    left:          ['ended', 'release', 'tellFailure', 'dispose'],
    failure:       ['ended', 'stopTargets', 'release', 'tellFailure', 'dispose'],
    stop:          ['ended', 'stopTargets', 'release', 'dispose'],
  },
  ended: {},
};
