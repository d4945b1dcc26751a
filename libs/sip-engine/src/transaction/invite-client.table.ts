import { type Table } from './machine.ts';

export type State = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';
export type Input =
  '1xx' | '2xx' | 'failure' | 'cancelled' | 'timerA' | 'timerB' | 'timerD' | 'timerM' | 'timerX' | 'transportError';
export type Action =
  | 'send'
  | 'sendAck'
  | 'doubleA'
  | 'stopAB'
  | 'startD'
  | 'startM'
  | 'startX'
  | 'stopX'
  | 'passUp'
  | 'tellTimeout'
  | 'tellTransport';

/**
 * INVITE client transaction, RFC 3261 §17.1.1.2 with the accepted state of RFC 6026 §8.4. Timer X bounds the wait for
 * a final response after CANCEL, RFC 3261 §9.1. An absent input is ignored in that state.
 */
// prettier-ignore
export const inviteClientTable: Table<State, Input, Action> = {
  calling: {
    '1xx':          ['proceeding', 'stopAB', 'passUp'],
    '2xx':          ['accepted', 'stopAB', 'startM', 'passUp'],
    failure:        ['completed', 'stopAB', 'startD', 'sendAck', 'passUp'],
    timerA:         ['calling', 'send', 'doubleA'],
    timerB:         ['terminated', 'tellTimeout'],
    transportError: ['terminated', 'tellTransport'],
  },
  proceeding: {
    '1xx':          ['proceeding', 'passUp'],
    '2xx':          ['accepted', 'stopX', 'startM', 'passUp'],
    failure:        ['completed', 'stopX', 'startD', 'sendAck', 'passUp'],
    cancelled:      ['proceeding', 'startX'],
    timerX:         ['terminated', 'tellTimeout'],
    transportError: ['terminated', 'tellTransport'],
  },
  completed: {
    failure:        ['completed', 'sendAck'],
    timerD:         ['terminated'],
    transportError: ['terminated'],
  },
  accepted: {
    '2xx':          ['accepted', 'passUp'],
    timerM:         ['terminated'],
  },
  terminated: {},
};
