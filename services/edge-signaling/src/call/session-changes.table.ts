import { type Table } from '../machine.ts';

export type ChangeState =
  | 'steady'
  | 'callerOffers'
  | 'callerConfirms'
  | 'callerAnswers'
  | 'calleeOffers'
  | 'calleeConfirms'
  | 'calleeAnswers'
  | 'answering'
  | 'occupied'
  | 'closed';
export type ChangeInput =
  | 'callerOffer'
  | 'calleeOffer'
  | 'accepted'
  | 'asked'
  | 'settled'
  | 'callerAck'
  | 'calleeAck'
  | 'ackOverdue'
  | 'occupy'
  | 'vacate'
  | 'close';
export type ChangeAction =
  | 'change'
  | 'refuseOverlap'
  | 'refuseGlare'
  | 'awaitAck'
  | 'stopAwaiting'
  | 'answer'
  | 'giveUp'
  | 'abandon'
  | 'dispose';

/**
 * Who is changing the session of an answered call. Every change occupies both dialogs, so there is one at a time: the
 * same side is told to come back (RFC 3261 §14.2, RFC 3311 §5.2), the other one has a request of ours pending and is
 * told 491. `accepted` is a 2xx to a re-INVITE, after which only its ACK frees both dialogs again (RFC 3261 §14.1).
 * `asked`: that 2xx brought the other side's offer, and the ACK brings the answer; without it the call cannot go on.
 * `occupied`: a side is being replaced, which changes the session of the other.
 */
// prettier-ignore
export const sessionChangesTable: Table<ChangeState, ChangeInput, ChangeAction> = {
  steady: {
    callerOffer: ['callerOffers', 'change'],
    calleeOffer: ['calleeOffers', 'change'],
    occupy:      ['occupied'],
    close:       ['closed', 'dispose'],
  },
  occupied: {
    callerOffer: ['occupied', 'refuseGlare'],
    calleeOffer: ['occupied', 'refuseGlare'],
    vacate:      ['steady'],
    close:       ['closed', 'dispose'],
  },
  callerOffers: {
    callerOffer: ['callerOffers', 'refuseOverlap'],
    calleeOffer: ['callerOffers', 'refuseGlare'],
    accepted:    ['callerConfirms', 'awaitAck'],
    asked:       ['callerAnswers', 'awaitAck'],
    settled:     ['steady'],
    close:       ['closed', 'abandon', 'dispose'],
  },
  callerConfirms: {
    callerOffer: ['callerOffers', 'stopAwaiting', 'change'],
    calleeOffer: ['callerConfirms', 'refuseGlare'],
    callerAck:   ['steady', 'stopAwaiting'],
    ackOverdue:  ['steady'],
    settled:     ['steady', 'stopAwaiting'],
    close:       ['closed', 'dispose'],
  },
  callerAnswers: {
    callerOffer: ['callerAnswers', 'refuseOverlap'],
    calleeOffer: ['callerAnswers', 'refuseGlare'],
    callerAck:   ['answering', 'stopAwaiting', 'answer'],
    ackOverdue:  ['closed', 'giveUp', 'dispose'],
    settled:     ['steady', 'stopAwaiting'],
    close:       ['closed', 'dispose'],
  },
  calleeOffers: {
    calleeOffer: ['calleeOffers', 'refuseOverlap'],
    callerOffer: ['calleeOffers', 'refuseGlare'],
    accepted:    ['calleeConfirms', 'awaitAck'],
    asked:       ['calleeAnswers', 'awaitAck'],
    settled:     ['steady'],
    close:       ['closed', 'abandon', 'dispose'],
  },
  calleeConfirms: {
    calleeOffer: ['calleeOffers', 'stopAwaiting', 'change'],
    callerOffer: ['calleeConfirms', 'refuseGlare'],
    calleeAck:   ['steady', 'stopAwaiting'],
    ackOverdue:  ['steady'],
    settled:     ['steady', 'stopAwaiting'],
    close:       ['closed', 'dispose'],
  },
  calleeAnswers: {
    calleeOffer: ['calleeAnswers', 'refuseOverlap'],
    callerOffer: ['calleeAnswers', 'refuseGlare'],
    calleeAck:   ['answering', 'stopAwaiting', 'answer'],
    ackOverdue:  ['closed', 'giveUp', 'dispose'],
    settled:     ['steady', 'stopAwaiting'],
    close:       ['closed', 'dispose'],
  },
  answering: {
    callerOffer: ['answering', 'refuseGlare'],
    calleeOffer: ['answering', 'refuseGlare'],
    settled:     ['steady'],
    close:       ['closed', 'dispose'],
  },
  closed: {},
};
