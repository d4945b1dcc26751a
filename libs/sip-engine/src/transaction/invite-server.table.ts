import { type Table } from './machine.ts';

export type State = 'proceeding' | 'completed' | 'accepted' | 'confirmed' | 'terminated';
export type Input =
  | 'request'
  | 'ack'
  | '1xx'
  | '2xx'
  | 'failure'
  | 'timerG'
  | 'timerH'
  | 'timerI'
  | 'timerL'
  | 'abandoned'
  | 'transportError';
export type Action =
  'send' | 'resend' | 'startG' | 'doubleG' | 'startH' | 'stopGH' | 'startI' | 'startL' | 'tellNoAck' | 'tellTransport';

/**
 * INVITE server transaction, RFC 3261 §17.2.1 with the accepted state of RFC 6026 §8.7. A repeated INVITE is answered
 * with the last response in every state, also with the 2xx: it saves the caller the wait for our own repetition; `abandoned` where
 * nobody is to be told that there will be no answer.
 * An absent input is ignored in that state.
 */
// prettier-ignore
export const inviteServerTable: Table<State, Input, Action> = {
  proceeding: {
    request:        ['proceeding', 'resend'],
    '1xx':          ['proceeding', 'send'],
    '2xx':          ['accepted', 'send', 'startL'],
    failure:        ['completed', 'send', 'startG', 'startH'],
    abandoned:      ['terminated'],
    transportError: ['proceeding', 'tellTransport'],
  },
  completed: {
    request:        ['completed', 'resend'],
    ack:            ['confirmed', 'stopGH', 'startI'],
    timerG:         ['completed', 'resend', 'doubleG'],
    timerH:         ['terminated', 'tellNoAck'],
    transportError: ['terminated', 'tellTransport'],
  },
  accepted: {
    request:        ['accepted', 'resend'],
    '2xx':          ['accepted', 'send'],
    timerL:         ['terminated'],
    transportError: ['accepted', 'tellTransport'],
  },
  confirmed: { timerI: ['terminated'] },
  terminated: {},
};
