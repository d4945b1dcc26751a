import { type Table } from './machine.ts';

export type State = 'trying' | 'proceeding' | 'completed' | 'terminated';
export type Input = 'request' | '1xx' | 'final' | 'abandoned' | 'timerJ' | 'transportError';
export type Action = 'send' | 'resend' | 'startJ' | 'tellTransport';

/**
 * Non-INVITE server transaction, RFC 3261 §17.2.2; `abandoned` by a proxy whose targets are silent, RFC 4320 §4.2. An absent input is ignored in that state.
 */
// prettier-ignore
export const nonInviteServerTable: Table<State, Input, Action> = {
  trying: {
    '1xx':          ['proceeding', 'send'],
    final:          ['completed', 'send', 'startJ'],
    abandoned:      ['terminated'],
  },
  proceeding: {
    request:        ['proceeding', 'resend'],
    '1xx':          ['proceeding', 'send'],
    final:          ['completed', 'send', 'startJ'],
    abandoned:      ['terminated'],
    transportError: ['terminated', 'tellTransport'],
  },
  completed: {
    request:        ['completed', 'resend'],
    timerJ:         ['terminated'],
    transportError: ['terminated', 'tellTransport'],
  },
  terminated: {},
};
