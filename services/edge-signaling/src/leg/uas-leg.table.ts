import { type Table } from '../machine.ts';

export type UasState = 'received' | 'early' | 'accepted' | 'leaving' | 'confirmed' | 'terminated';
export type UasInput = 'progress' | 'answer' | 'refuse' | 'hangUp' | 'cancelled' | 'ack' | 'bye' | 'lost' | 'drop';
export type UasAction =
  'sendProgress' | 'sendAnswer' | 'sendRefusal' | 'sendBye' | 'tellCancelled' | 'tellBye' | 'tellLost' | 'dispose';

/**
 * The dialog a caller opened to us, RFC 3261 §13.3 and §15. `cancelled` comes from the engine after it has answered
 * the CANCEL; `lost` when a response could not be sent or the ACK never came. A callee must not send BYE before the
 * ACK (§15), hence `leaving`. `drop`: another edge has the dialog now.
 */
// prettier-ignore
export const uasLegTable: Table<UasState, UasInput, UasAction> = {
  received: {
    drop:      ['terminated', 'dispose'],
    progress:  ['early', 'sendProgress'],
    answer:    ['accepted', 'sendAnswer'],
    refuse:    ['terminated', 'sendRefusal', 'dispose'],
    cancelled: ['terminated', 'tellCancelled', 'dispose'],
    lost:      ['terminated', 'tellLost', 'dispose'],
  },
  early: {
    drop:      ['terminated', 'dispose'],
    progress:  ['early', 'sendProgress'],
    answer:    ['accepted', 'sendAnswer'],
    refuse:    ['terminated', 'sendRefusal', 'dispose'],
    cancelled: ['terminated', 'tellCancelled', 'dispose'],
    lost:      ['terminated', 'tellLost', 'dispose'],
  },
  accepted: {
    drop:      ['terminated', 'dispose'],
    ack:       ['confirmed'],
    hangUp:    ['leaving'],
    bye:       ['terminated', 'tellBye', 'dispose'],
    lost:      ['terminated', 'tellLost', 'dispose'],
  },
  leaving: {
    drop:      ['terminated', 'dispose'],
    ack:       ['terminated', 'sendBye', 'dispose'],
    bye:       ['terminated', 'dispose'],
    lost:      ['terminated', 'dispose'],
  },
  confirmed: {
    drop:      ['terminated', 'dispose'],
    hangUp:    ['terminated', 'sendBye', 'dispose'],
    bye:       ['terminated', 'tellBye', 'dispose'],
    lost:      ['terminated', 'tellLost', 'dispose'],
  },
  terminated: {},
};
