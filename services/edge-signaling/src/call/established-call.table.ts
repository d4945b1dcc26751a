import { type Table } from '../machine.ts';

export type EstablishedState = 'talking' | 'ended';
export type EstablishedInput = 'callerGone' | 'calleeGone' | 'hangUp' | 'superseded';
export type EstablishedAction = 'endChange' | 'hangUpCaller' | 'hangUpCallee' | 'dropLegs' | 'end' | 'dispose';

/**
 * A call both sides of which have answered, whether it was set up here or taken over from its records. `hangUp` ends it
 * towards both; `superseded`: another edge has it, and nothing more is sent or told by this one.
 */
// prettier-ignore
export const establishedCallTable: Table<EstablishedState, EstablishedInput, EstablishedAction> = {
  talking: {
    callerGone: ['ended', 'endChange', 'hangUpCallee', 'end', 'dispose'],
    calleeGone: ['ended', 'endChange', 'hangUpCaller', 'end', 'dispose'],
    hangUp:     ['ended', 'endChange', 'hangUpCaller', 'hangUpCallee', 'end', 'dispose'],
    superseded: ['ended', 'endChange', 'dropLegs', 'dispose'],
  },
  ended: {},
};
