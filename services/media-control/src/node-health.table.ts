/**
 * Whether a node is thought to be there. `new` has never answered; `shaky` missed once and is used when no better one is
 * there; a node that was `down` must answer twice before it counts again.
 */
export type Health = 'new' | 'up' | 'shaky' | 'down' | 'returning';
/** `hesitated`: it left a command unanswered, which says less than a report it missed. `restarted`: another life answers. */
export type HealthInput = 'answered' | 'missed' | 'hesitated' | 'restarted';
export type HealthAction = 'tellUp' | 'tellDown' | 'tellOver';

type Table = {
  readonly [state in Health]: {
    readonly [input in HealthInput]: readonly [next: Health, ...actions: HealthAction[]];
  };
};

/** Health of a node by what its last questions came to. It lives as long as the process: no state ends it. */
// prettier-ignore
export const nodeHealthTable: Table = {
  new: {
    answered:  ['up', 'tellUp'],
    missed:    ['new'],
    hesitated: ['new'],
    restarted: ['up', 'tellOver', 'tellUp'],
  },
  up: {
    answered:  ['up'],
    missed:    ['shaky'],
    hesitated: ['shaky'],
    restarted: ['up', 'tellOver', 'tellUp'],
  },
  shaky: {
    answered:  ['up'],
    missed:    ['down', 'tellDown'],
    hesitated: ['shaky'],
    restarted: ['up', 'tellOver', 'tellUp'],
  },
  down: {
    answered:  ['returning'],
    missed:    ['down'],
    hesitated: ['down'],
    restarted: ['up', 'tellOver', 'tellUp'],
  },
  returning: {
    answered:  ['up', 'tellUp'],
    missed:    ['down'],
    hesitated: ['down'],
    restarted: ['up', 'tellOver', 'tellUp'],
  },
};

/** The order in which nodes are tried: lower first. A node that is thought to be down is still better than none. */
export const preference: Readonly<Record<Health, number>> = { up: 0, shaky: 1, returning: 1, down: 2, new: 2 };
