import { TRACE_HEADER } from '@callweave/telemetry';
import { headers, type MsgHdrs } from 'nats';

/** Epoch ms after which nobody waits for the answer any more. */
export const DEADLINE_HEADER = 'Callweave-Deadline';
/**
 * Epoch ms, by the asker's clock, after which he waits no longer for whom this was sent to, and asks another: of use only
 * where nothing is lost when clocks differ by more than an attempt lasts.
 */
export const ATTEMPT_END_HEADER = 'Callweave-Attempt-End';
/** Set on a question that was asked before, and to which the asker has seen no answer. */
export const REPEATED_HEADER = 'Callweave-Repeated';
/** The instance that answered. */
export const INSTANCE_HEADER = 'Callweave-Instance';

/** Why a service refuses that has enough to do: nobody asks it again for this question. */
export const OVERLOADED_TEXT = 'overloaded';

/** Fresh headers that carry a trace, if there is one. */
export function tracedHeaders(traceParent: string | undefined): MsgHdrs {
  const hdrs = headers();
  if (traceParent !== undefined) hdrs.set(TRACE_HEADER, traceParent);
  return hdrs;
}

/** The trace that the sender of a message was in; undefined when it was in none. */
export function traceOf(hdrs: MsgHdrs | undefined): string | undefined {
  const traceParent = hdrs?.get(TRACE_HEADER) ?? '';
  return traceParent === '' ? undefined : traceParent;
}

/** What a span calls a subject of ours: without the domain and the tokens, `rpc.media.offer` or `call.v1.answered`. */
export function shortName(pattern: string): string {
  const known = shortNames.get(pattern);
  if (known !== undefined) return known;
  const name = pattern.replace(/^callweave\./, '').replace(/\.\{\w+\}/g, '');
  shortNames.set(pattern, name);
  return name;
}

/** Of the patterns there are, which are as many as there are contracts. */
const shortNames = new Map<string, string>();
