import { type Table } from '../machine.ts';

export type EstablishedState = 'talking' | 'ended';
export type EstablishedInput = 'over' | 'superseded' | 'repaired' | 'given';
export type EstablishedAction =
  | 'endTransfer'
  | 'dropTransfer'
  | 'endChange'
  | 'hangUpCaller'
  | 'hangUpCallee'
  | 'hangUpLeft'
  | 'dropLegs'
  | 'handOn'
  | 'end'
  | 'dispose';

/**
 * A call both sides of which have answered, whether it was set up here or taken over from its records. `over` ends it
 * towards both, as far as they have not ended it themselves; `superseded`: another edge has it, and nothing more is sent or told by this one.
 * `repaired`: one side was replaced, and the call goes on with another pair; `given`: one side went on in another call,
 * which ends this one for the other.
 */
// prettier-ignore
export const establishedCallTable: Table<EstablishedState, EstablishedInput, EstablishedAction> = {
  talking: {
    over:       ['ended', 'endTransfer', 'endChange', 'hangUpCaller', 'hangUpCallee', 'end', 'dispose'],
    superseded: ['ended', 'dropTransfer', 'endChange', 'dropLegs', 'dispose'],
    repaired:   ['ended', 'dropTransfer', 'endChange', 'handOn', 'dispose'],
    given:      ['ended', 'endChange', 'hangUpLeft', 'end', 'dispose'],
  },
  ended: {},
};
