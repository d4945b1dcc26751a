import { type Table } from '../machine.ts';

export type AdoptedState = 'confirmed' | 'terminated';
export type AdoptedInput = 'hangUp' | 'bye' | 'lost' | 'expired' | 'drop';
export type AdoptedAction = 'sendBye' | 'tellBye' | 'tellLost' | 'dispose';

/**
 * A dialog that was established by an edge which is gone, RFC 3261 §12.2 and §15. `expired`: nobody has refreshed its
 * session (RFC 4028 §10); `drop`: somebody else's again.
 */
// prettier-ignore
export const adoptedLegTable: Table<AdoptedState, AdoptedInput, AdoptedAction> = {
  confirmed: {
    hangUp:  ['terminated', 'sendBye', 'dispose'],
    bye:     ['terminated', 'tellBye', 'dispose'],
    lost:    ['terminated', 'tellLost', 'dispose'],
    expired: ['terminated', 'sendBye', 'tellLost', 'dispose'],
    drop:    ['terminated', 'dispose'],
  },
  terminated: {},
};
