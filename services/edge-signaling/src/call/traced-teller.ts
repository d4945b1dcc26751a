import { type Clock } from '@callweave/clock';
import { activeTrace, annotate, startSpan } from '@callweave/telemetry';
import { type CallTeller } from './call-ports.ts';

/**
 * Shows in the trace of a call what becomes of it: why it failed, or, once it is over, how long it was talked. That
 * span is made by whoever ends the call, from its facts alone: an edge that took it over, or none of the spans before.
 */
export function tracedTeller(teller: CallTeller, clock: Clock): CallTeller {
  const parent = activeTrace();
  return {
    ...teller,
    get sequence() {
      return teller.sequence;
    },
    get detail() {
      return teller.detail;
    },
    failed: (cause) => {
      annotate({ 'callweave.call.ended_by': cause.by, 'callweave.call.reason': cause.reason });
      teller.failed(cause);
    },
    ended: (cause, durationMs, relayed) => {
      const attributes = {
        'callweave.call.ended_by': cause.by,
        'callweave.call.reason': cause.reason,
        ...(relayed?.statistics === undefined ? {} : { 'callweave.media.packets': relayed.statistics.packets }),
      };
      startSpan('talk', { parent, startedAtMs: clock.epochMs() - durationMs, attributes }).end();
      teller.ended(cause, durationMs, relayed);
    },
  };
}
