import { type CallCause } from '@callweave/contracts';
import { type HeaderValues } from '@callweave/srf';

const NORMAL_CLEARING = 16;
const NO_ANSWER = 19;
/** The call might go on elsewhere, or later. */
export const TEMPORARY_FAILURE = 41;
const NORMAL_UNSPECIFIED = 31;

/** RFC 3398 §8.2.6.1; where that leaves the choice (488, 606), RFC 4497 §8.4.1. */
const BY_STATUS: Readonly<Record<number, number>> = {
  400: 41,
  401: 21,
  402: 21,
  403: 21,
  404: 1,
  405: 63,
  406: 79,
  407: 21,
  408: 102,
  410: 22,
  413: 127,
  414: 127,
  415: 79,
  416: 127,
  420: 127,
  421: 127,
  423: 127,
  480: 18,
  481: 41,
  482: 25,
  483: 25,
  484: 28,
  485: 1,
  486: 17,
  487: NORMAL_CLEARING,
  488: NORMAL_UNSPECIFIED,
  500: 41,
  501: 79,
  502: 38,
  503: 41,
  504: 102,
  505: 127,
  513: 127,
  600: 17,
  603: 21,
  604: 1,
  606: NORMAL_UNSPECIFIED,
};

/** The names that ITU-T Q.850 table 1 gives the causes we say ourselves. */
const TEXTS: Readonly<Record<number, string>> = {
  1: 'Unallocated (unassigned) number',
  16: 'Normal call clearing',
  17: 'User busy',
  18: 'No user responding',
  19: 'No answer from user (user alerted)',
  21: 'Call rejected',
  22: 'Number changed',
  25: 'Exchange routing error',
  28: 'Invalid number format (address incomplete)',
  31: 'Normal, unspecified',
  38: 'Network out of order',
  41: 'Temporary failure',
};

/** Whatever it holds separates nothing. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g;
/** One value of Reason whose protocol is Q.850, RFC 3326 §2. */
const Q850 = /^\s*Q\.850\s*;(?:.*;)?\s*cause\s*=\s*(\d{1,3})\s*(?:;|$)/i;

/** The Q.850 cause in a Reason header, RFC 3326 and RFC 6432; undefined when there is none that means anything. */
export function readQ850(reason: string | undefined): number | undefined {
  const values = (reason ?? '').replace(QUOTED, '""').split(',');
  const cause = Number(values.map((value) => Q850.exec(value)?.[1]).find((found) => found !== undefined));
  return cause >= 1 && cause <= 127 ? cause : undefined;
}

/** The Q.850 cause of an end: as somebody said it, else as the gateways' RFCs have it. */
export function q850Of({ reason, sipStatus, q850 }: CallCause): number {
  if (q850 !== undefined) return q850;
  if (reason === 'hang-up' || reason === 'cancelled') return NORMAL_CLEARING;
  if (reason === 'no-answer' && sipStatus !== 408) return NO_ANSWER;
  if (reason === 'node-lost') return TEMPORARY_FAILURE;
  return (sipStatus === undefined ? undefined : BY_STATUS[sipStatus]) ?? NORMAL_UNSPECIFIED;
}

/** Tells the other side why: RFC 3326 in requests, RFC 6432 in responses. */
export function reasonOf(cause: CallCause): HeaderValues {
  const q850 = q850Of(cause);
  const text = TEXTS[q850];
  return { Reason: `Q.850;cause=${String(q850)}${text === undefined ? '' : `;text="${text}"`}` };
}
