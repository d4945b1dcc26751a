/**
 * Whether a node is thought to be there. `new` has never answered; `shaky` missed once and is used when no better one is
 * there; a node that was `down` must answer twice before it counts again.
 */
export type Health = 'new' | 'up' | 'shaky' | 'down' | 'returning';
export type HealthInput = 'answered' | 'missed';
export type HealthAction = 'tellUp' | 'tellDown';

type Table = {
  readonly [state in Health]: {
    readonly [input in HealthInput]: readonly [next: Health, ...actions: HealthAction[]];
  };
};

/** Health of a node by what its last questions came to. It lives as long as the process: no state ends it. */
// prettier-ignore
export const nodeHealthTable: Table = {
  new:       { answered: ['up', 'tellUp'],        missed: ['new'] },
  up:        { answered: ['up'],                  missed: ['shaky'] },
  shaky:     { answered: ['up'],                  missed: ['down', 'tellDown'] },
  down:      { answered: ['returning'],           missed: ['down'] },
  returning: { answered: ['up', 'tellUp'],        missed: ['down'] },
};

/** The order in which nodes are tried: lower first. A node that is thought to be down is still better than none. */
export const preference: Readonly<Record<Health, number>> = { up: 0, shaky: 1, returning: 1, down: 2, new: 2 };
