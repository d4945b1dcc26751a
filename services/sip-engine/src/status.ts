import { type SipEngine } from '@callweave/sip-engine';

/** What an engine holds and how it fares, as `/status` shows it: counts alone, nothing of whose calls they are. */
export function statusOf(engine: SipEngine, state: string): Readonly<Record<string, unknown>> {
  const { limits, connectionsBy, pending, queueDelayMs, admittedShare, ...counts } = engine.stats();
  return {
    instance: engine.instance,
    state,
    contacts: engine.contacts,
    ...counts,
    connectionsBy: Object.fromEntries(connectionsBy),
    queue: { pending, delayMs: Math.round(queueDelayMs * 10) / 10, admittedShare },
    limitsReached: Object.fromEntries(limits),
  };
}
