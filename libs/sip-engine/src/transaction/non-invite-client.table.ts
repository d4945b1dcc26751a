import { type Table } from './machine.ts';

export type State = 'trying' | 'proceeding' | 'completed' | 'terminated';
export type Input = '1xx' | 'final' | 'timerE' | 'timerF' | 'timerK' | 'transportError';
export type Action = 'send' | 'doubleE' | 'resetE' | 'stopEF' | 'startK' | 'passUp' | 'tellTimeout' | 'tellTransport';

/** Non-INVITE client transaction, RFC 3261 §17.1.2.2. An absent input is ignored in that state. */
// prettier-ignore
export const nonInviteClientTable: Table<State, Input, Action> = {
  trying: {
    '1xx':          ['proceeding', 'passUp'],
    final:          ['completed', 'stopEF', 'startK', 'passUp'],
    timerE:         ['trying', 'send', 'doubleE'],
    timerF:         ['terminated', 'tellTimeout'],
    transportError: ['terminated', 'tellTransport'],
  },
  proceeding: {
    '1xx':          ['proceeding', 'passUp'],
    final:          ['completed', 'stopEF', 'startK', 'passUp'],
    timerE:         ['proceeding', 'send', 'resetE'],
    timerF:         ['terminated', 'tellTimeout'],
    transportError: ['terminated', 'tellTransport'],
  },
  completed: { timerK: ['terminated'] },
  terminated: {},
};
