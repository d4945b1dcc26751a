import { type Table } from '../machine.ts';

export type EstablishedState = 'talking' | 'ended';
export type EstablishedInput = 'over' | 'superseded';
export type EstablishedAction = 'endChange' | 'hangUpCaller' | 'hangUpCallee' | 'dropLegs' | 'end' | 'dispose';

/**
 * A call both sides of which have answered, whether it was set up here or taken over from its records. `over` ends it
 * towards both, as far as they have not ended it themselves; `superseded`: another edge has it, and nothing more is sent or told by this one.
 */
// prettier-ignore
export const establishedCallTable: Table<EstablishedState, EstablishedInput, EstablishedAction> = {
  talking: {
    over:       ['ended', 'endChange', 'hangUpCaller', 'hangUpCallee', 'end', 'dispose'],
    superseded: ['ended', 'endChange', 'dropLegs', 'dispose'],
  },
  ended: {},
};
