import { type Table } from '../machine.ts';

export type PlacementState = 'underWay' | 'answered' | 'offered' | 'over' | 'abandoned' | 'terminated';
export type PlacementInput =
  'progress' | 'answer' | 'offer' | 'final' | 'cancel' | 'acknowledge' | 'told' | 'unwanted' | 'lost';
export type PlacementAction = 'tell' | 'sendCancel' | 'sendAck' | 'sendBye' | 'dispose';

/**
 * A request that is sent for another edge. `answer` is the 2xx to an INVITE, `offer` one that its owner has to
 * acknowledge, `final` any other end; it is kept until the owner has heard it (`told`). `unwanted`: the owner is gone,
 * or has given it up, and whoever answers nevertheless is hung up, RFC 3261 §13.2.2.4. `lost`: our engine is.
 */
// prettier-ignore
export const placementTable: Table<PlacementState, PlacementInput, PlacementAction> = {
  underWay: {
    progress:    ['underWay', 'tell'],
    answer:      ['answered', 'sendAck', 'tell'],
    offer:       ['offered', 'tell'],
    final:       ['over', 'tell'],
    cancel:      ['underWay', 'sendCancel'],
    unwanted:    ['abandoned', 'sendCancel'],
    lost:        ['over', 'tell'],
  },
  answered: {
    told:        ['terminated', 'dispose'],
    unwanted:    ['terminated', 'sendBye', 'dispose'],
    lost:        ['terminated', 'dispose'],
  },
  offered: {
    acknowledge: ['terminated', 'sendAck', 'dispose'],
    unwanted:    ['terminated', 'sendAck', 'sendBye', 'dispose'],
    lost:        ['terminated', 'dispose'],
  },
  over: {
    told:        ['terminated', 'dispose'],
    unwanted:    ['terminated', 'dispose'],
  },
  abandoned: {
    answer:      ['terminated', 'sendAck', 'sendBye', 'dispose'],
    offer:       ['terminated', 'sendAck', 'sendBye', 'dispose'],
    final:       ['terminated', 'dispose'],
    lost:        ['terminated', 'dispose'],
  },
  terminated: {},
};
