import { type Table } from '../machine.ts';

export type UacState = 'calling' | 'cancelling' | 'answered' | 'terminated';
export type UacInput = 'progress' | 'answer' | 'failure' | 'cancel' | 'hangUp' | 'bye' | 'lost' | 'drop';
export type UacAction =
  | 'sendCancel'
  | 'sendAck'
  | 'sendBye'
  | 'tellProgress'
  | 'tellAnswer'
  | 'tellFailure'
  | 'tellBye'
  | 'tellLost'
  | 'dispose';

/**
 * The dialog we open to a device, RFC 3261 §13.2 and §9. An answer that crosses our CANCEL is acknowledged and hung up
 * at once (§15). `drop`: another edge has the dialog now. `lost` is a request the engine could not send, or the engine's own end of the dialog.
 */
// prettier-ignore
export const uacLegTable: Table<UacState, UacInput, UacAction> = {
  calling: {
    drop:     ['terminated', 'dispose'],
    progress: ['calling', 'tellProgress'],
    answer:   ['answered', 'sendAck', 'tellAnswer'],
    failure:  ['terminated', 'tellFailure', 'dispose'],
    cancel:   ['cancelling', 'sendCancel'],
    hangUp:   ['cancelling', 'sendCancel'],
    lost:     ['terminated', 'tellLost', 'dispose'],
  },
  cancelling: {
    drop:     ['terminated', 'dispose'],
    answer:   ['terminated', 'sendAck', 'sendBye', 'dispose'],
    failure:  ['terminated', 'dispose'],
    lost:     ['terminated', 'dispose'],
  },
  answered: {
    drop:     ['terminated', 'dispose'],
    cancel:   ['terminated', 'sendBye', 'dispose'],
    hangUp:   ['terminated', 'sendBye', 'dispose'],
    bye:      ['terminated', 'tellBye', 'dispose'],
    lost:     ['terminated', 'tellLost', 'dispose'],
  },
  terminated: {},
};
