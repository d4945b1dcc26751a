import { injectTrace, type TraceCarrier } from '@callweave/telemetry';
import { headers, type MsgHdrs } from 'nats';

/** Epoch ms after which nobody waits for the answer any more. */
export const DEADLINE_HEADER = 'Callweave-Deadline';
/** The instance that answered. */
export const INSTANCE_HEADER = 'Callweave-Instance';

/** Why a service refuses that has enough to do: nobody asks it again for this question. */
export const OVERLOADED_TEXT = 'overloaded';

/** NATS headers as a carrier of W3C trace context. */
export function traceCarrier(hdrs: MsgHdrs): TraceCarrier {
  return { get: (key) => hdrs.get(key), set: (key, value) => hdrs.set(key, value), keys: () => hdrs.keys() };
}

/** Fresh headers that carry the active trace. */
export function tracedHeaders(): MsgHdrs {
  const hdrs = headers();
  injectTrace(traceCarrier(hdrs));
  return hdrs;
}
