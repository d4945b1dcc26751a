import { type CallCause, type RelayedMedia } from '@callweave/contracts';
import { activeTrace, annotate, startSpan } from '@callweave/telemetry';
import { JournalTeller } from './journal-teller.ts';

/**
 * Shows in the trace of a call what becomes of it: why it failed, or, once it is over, how long it was talked. That
 * span is made by whoever ends the call, from its facts alone: an edge that took it over, or none of the spans before.
 */
export class TracedTeller extends JournalTeller {
  readonly #parent = activeTrace();

  override failed(cause: CallCause): void {
    annotate({ 'callweave.call.ended_by': cause.by, 'callweave.call.reason': cause.reason });
    super.failed(cause);
  }

  override ended(cause: CallCause, durationMs: number, relayed: RelayedMedia | undefined): void {
    const attributes = {
      'callweave.call.ended_by': cause.by,
      'callweave.call.reason': cause.reason,
      ...(relayed?.statistics === undefined ? {} : { 'callweave.media.packets': relayed.statistics.packets }),
    };
    const startedAtMs = this.deps.clock.epochMs() - durationMs;
    startSpan('talk', { parent: this.#parent, startedAtMs, attributes }).end();
    super.ended(cause, durationMs, relayed);
  }
}
