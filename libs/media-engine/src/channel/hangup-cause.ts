/** The causes an application may name, with their numbers, ITU-T Q.850 table 1. */
const causes: Readonly<Record<string, number>> = {
  UNALLOCATED_NUMBER: 1,
  NO_ROUTE_DESTINATION: 3,
  NORMAL_CLEARING: 16,
  USER_BUSY: 17,
  NO_USER_RESPONSE: 18,
  NO_ANSWER: 19,
  CALL_REJECTED: 21,
  DESTINATION_OUT_OF_ORDER: 27,
  NORMAL_UNSPECIFIED: 31,
  NORMAL_TEMPORARY_FAILURE: 41,
  REQUESTED_CHAN_UNAVAIL: 44,
  SERVICE_UNAVAILABLE: 63,
  MANDATORY_IE_MISSING: 96,
  RECOVERY_ON_TIMER_EXPIRE: 102,
};

const byNumber = new Map(Object.entries(causes).map(([name, number]) => [number, name]));

/** Why a call ended: its name and number. */
export interface HangupCause {
  readonly name: string;
  readonly number: number;
}

/** The cause called so, or of that number; anything else is a normal end. */
export function hangupCause(text = ''): HangupCause {
  const wanted = text.trim().toUpperCase();
  const name = /^\d{1,3}$/.test(wanted) ? byNumber.get(Number(wanted)) : wanted;
  const number = name === undefined ? undefined : causes[name];
  if (name === undefined || number === undefined) return { name: 'NORMAL_CLEARING', number: 16 };
  return { name, number };
}

/** The Reason header that tells a cause, RFC 3326 §2. */
export function reasonHeader({ name, number }: HangupCause): string {
  return `Q.850;cause=${number};text="${name}"`;
}
