import { type Table } from '../machine.ts';

export type TransferState = 'seeking' | 'joining' | 'ended';
export type TransferInput = 'progress' | 'found' | 'failed' | 'joined' | 'over' | 'dropped';
export type TransferAction = 'tellProgress' | 'join' | 'repair' | 'giveUp' | 'resume' | 'tellFailure' | 'dispose';

/**
 * One side of an answered call is replaced: somebody is found who comes instead, and the side that remains agrees to
 * him. Until `joined` the call is what it was, and every failure leaves it so. `over`: the call itself ended meanwhile;
 * `dropped`: another edge has it, and nothing more is told by this one.
 */
// prettier-ignore
export const transferTable: Table<TransferState, TransferInput, TransferAction> = {
  seeking: {
    progress: ['seeking', 'tellProgress'],
    found:    ['joining', 'join'],
    failed:   ['ended', 'tellFailure', 'resume', 'dispose'],
    over:     ['ended', 'giveUp', 'tellFailure', 'dispose'],
    dropped:  ['ended', 'giveUp', 'dispose'],
  },
  joining: {
    joined:   ['ended', 'repair', 'dispose'],
    failed:   ['ended', 'giveUp', 'tellFailure', 'resume', 'dispose'],
    over:     ['ended', 'giveUp', 'tellFailure', 'dispose'],
    dropped:  ['ended', 'giveUp', 'dispose'],
  },
  ended: {},
};
