import { FRAME_MS } from '../media/frame.ts';
import { type ApplicationKind, type RunningApplication } from './application.ts';

/** `sleep MS`: silence for a while. */
export const sleep: ApplicationKind = { kind: 'running', start: (_context, argument) => silence(toBeats(argument)) };

/** `park`: silence until somebody stops it. */
export const park: ApplicationKind = { kind: 'running', start: () => silence(Infinity) };

function silence(beats: number): RunningApplication {
  let left = beats;
  return {
    beat: () => (left-- > 0 ? { kind: 'frame', samples: undefined } : { kind: 'done', outcome: '_none_' }),
    stop: () => '_none_',
  };
}

function toBeats(argument: string): number {
  const ms = Number(argument.trim());
  return Number.isFinite(ms) && ms > 0 ? Math.ceil(ms / FRAME_MS) : 0;
}
