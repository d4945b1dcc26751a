import { type Table } from '../machine.ts';

export type CallPhase = 'routing' | 'anchoring' | 'placing' | 'completing' | 'ended';
export type CallInput =
  | 'routed'
  | 'anchored'
  | 'progress'
  | 'calleeAnswered'
  | 'completed'
  | 'refused'
  | 'targetFailed'
  | 'noMoreTargets'
  | 'ringTimeout'
  | 'callerLeft'
  | 'calleeLeft'
  | 'callerLost'
  | 'calleeLost';
export type CallAction =
  | 'tellRouted'
  | 'nextTargets'
  | 'place'
  | 'passProgress'
  | 'complete'
  | 'answerCaller'
  | 'refuseCaller'
  | 'stopCallees'
  | 'release'
  | 'tellFailed'
  | 'dispose';

/**
 * A call until it is answered: one caller, devices called group after group, media anchored between as each needs it.
 * Every way ends in `ended`: an established call goes on by its own table, every other way releases the media and tells
 * the one terminal event. `callerLeft` is CANCEL.
 */
// prettier-ignore
export const callTable: Table<CallPhase, CallInput, CallAction> = {
  routing: {
    routed:         ['anchoring', 'tellRouted', 'nextTargets'],
    refused:        ['ended', 'refuseCaller', 'tellFailed', 'dispose'],
    callerLeft:     ['ended', 'tellFailed', 'dispose'],
    callerLost:     ['ended', 'tellFailed', 'dispose'],
  },
  anchoring: {
    anchored:       ['placing', 'place'],
    noMoreTargets:  ['ended', 'refuseCaller', 'release', 'tellFailed', 'dispose'],
    refused:        ['ended', 'refuseCaller', 'release', 'tellFailed', 'dispose'],
    callerLeft:     ['ended', 'release', 'tellFailed', 'dispose'],
    callerLost:     ['ended', 'release', 'tellFailed', 'dispose'],
  },
  placing: {
    progress:       ['placing', 'passProgress'],
    calleeAnswered: ['completing', 'complete'],
    targetFailed:   ['anchoring', 'nextTargets'],
    refused:        ['ended', 'stopCallees', 'refuseCaller', 'release', 'tellFailed', 'dispose'],
    ringTimeout:    ['anchoring', 'stopCallees', 'nextTargets'],
    callerLeft:     ['ended', 'stopCallees', 'release', 'tellFailed', 'dispose'],
    callerLost:     ['ended', 'stopCallees', 'release', 'tellFailed', 'dispose'],
  },
  completing: {
    completed:      ['ended', 'answerCaller', 'dispose'],
    refused:        ['ended', 'stopCallees', 'refuseCaller', 'release', 'tellFailed', 'dispose'],
    callerLeft:     ['ended', 'stopCallees', 'release', 'tellFailed', 'dispose'],
    callerLost:     ['ended', 'stopCallees', 'release', 'tellFailed', 'dispose'],
    calleeLeft:     ['ended', 'refuseCaller', 'release', 'tellFailed', 'dispose'],
    calleeLost:     ['ended', 'refuseCaller', 'release', 'tellFailed', 'dispose'],
  },
  ended: {},
};
