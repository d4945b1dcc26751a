/** What a supervised process is doing. */
export type State = 'idle' | 'preparing' | 'starting' | 'up' | 'waiting' | 'stopping' | 'terminated';

/** `settled`: it lived long enough to forget earlier deaths. */
export type Input =
  'start' | 'prepared' | 'unprepared' | 'ready' | 'exit' | 'frozen' | 'settled' | 'retry' | 'stop' | 'deadline';

export type Action =
  | 'prepare'
  | 'spawn'
  | 'watch'
  | 'unwatch'
  | 'tellUp'
  | 'tellDeath'
  | 'tellFrozen'
  | 'waitToRetry'
  | 'cancelRetry'
  | 'forgetDeaths'
  | 'askToEnd'
  | 'startDeadline'
  | 'cancelDeadline'
  | 'kill'
  | 'finish';

/** State and input to the next state, then actions in order; an absent input is ignored in that state. */
export type Table = Readonly<{
  [S in State]: Readonly<{ [I in Input]?: readonly [next: State, ...actions: Action[]] }>;
}>;

/** The life of a supervised process: whatever ends it, it is started again, until it is told to stop. */
// prettier-ignore
export const supervisedTable: Table = {
  idle: {
    start:      ['preparing', 'prepare'],
    stop:       ['terminated', 'finish'],
  },
  preparing: {
    prepared:   ['starting', 'spawn', 'watch'],
    unprepared: ['waiting', 'tellDeath', 'waitToRetry'],
    stop:       ['terminated', 'finish'],
  },
  starting: {
    ready:      ['up', 'tellUp'],
    exit:       ['waiting', 'unwatch', 'tellDeath', 'waitToRetry'],
    frozen:     ['starting', 'unwatch', 'tellFrozen', 'kill'],
    settled:    ['starting', 'forgetDeaths'],
    stop:       ['stopping', 'unwatch', 'startDeadline', 'askToEnd'],
  },
  up: {
    exit:       ['waiting', 'unwatch', 'tellDeath', 'waitToRetry'],
    frozen:     ['up', 'unwatch', 'tellFrozen', 'kill'],
    settled:    ['up', 'forgetDeaths'],
    stop:       ['stopping', 'unwatch', 'startDeadline', 'askToEnd'],
  },
  waiting: {
    retry:      ['preparing', 'prepare'],
    stop:       ['terminated', 'cancelRetry', 'finish'],
  },
  stopping: {
    exit:       ['terminated', 'cancelDeadline', 'finish'],
    deadline:   ['stopping', 'kill'],
    stop:       ['stopping', 'kill'],
  },
  terminated: {},
};
