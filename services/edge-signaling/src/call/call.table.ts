import { type Table } from '../machine.ts';

export type CallPhase = 'routing' | 'anchoring' | 'placing' | 'completing' | 'answered' | 'ended';
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
  | 'nextTarget'
  | 'place'
  | 'passProgress'
  | 'complete'
  | 'answerCaller'
  | 'refuseCaller'
  | 'hangUpCaller'
  | 'stopCallee'
  | 'release'
  | 'tellFailed'
  | 'tellEnded'
  | 'dispose';

/**
 * A call: one caller, targets tried one after the other, media anchored between as each needs it. Every way ends in `ended`, which
 * releases the media and tells exactly one terminal event. `callerLeft` is CANCEL before the answer, BYE after it.
 */
// prettier-ignore
export const callTable: Table<CallPhase, CallInput, CallAction> = {
  routing: {
    routed:         ['anchoring', 'tellRouted', 'nextTarget'],
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
    targetFailed:   ['anchoring', 'nextTarget'],
    ringTimeout:    ['anchoring', 'stopCallee', 'nextTarget'],
    callerLeft:     ['ended', 'stopCallee', 'release', 'tellFailed', 'dispose'],
    callerLost:     ['ended', 'stopCallee', 'release', 'tellFailed', 'dispose'],
  },
  completing: {
    completed:      ['answered', 'answerCaller'],
    refused:        ['ended', 'stopCallee', 'refuseCaller', 'release', 'tellFailed', 'dispose'],
    callerLeft:     ['ended', 'stopCallee', 'release', 'tellFailed', 'dispose'],
    callerLost:     ['ended', 'stopCallee', 'release', 'tellFailed', 'dispose'],
    calleeLeft:     ['ended', 'refuseCaller', 'release', 'tellFailed', 'dispose'],
    calleeLost:     ['ended', 'refuseCaller', 'release', 'tellFailed', 'dispose'],
  },
  answered: {
    callerLeft:     ['ended', 'stopCallee', 'release', 'tellEnded', 'dispose'],
    calleeLeft:     ['ended', 'hangUpCaller', 'release', 'tellEnded', 'dispose'],
    callerLost:     ['ended', 'stopCallee', 'release', 'tellEnded', 'dispose'],
    calleeLost:     ['ended', 'hangUpCaller', 'release', 'tellEnded', 'dispose'],
  },
  ended: {},
};
