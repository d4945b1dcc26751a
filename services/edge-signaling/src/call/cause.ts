import { type CallCause } from '@callweave/contracts';

type Reason = CallCause['reason'];

const REASONS: Readonly<Record<number, Reason>> = {
  404: 'not-found',
  408: 'no-answer',
  410: 'not-found',
  480: 'unreachable',
  486: 'busy',
  487: 'cancelled',
  488: 'not-acceptable',
  500: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
  600: 'busy',
  603: 'declined',
  604: 'not-found',
  606: 'not-acceptable',
};

/** Why a call failed, from the status its caller was told, and the Q.850 cause if a device said one. */
export function failureCause(by: CallCause['by'], sipStatus: number, q850?: number): CallCause {
  return { by, reason: REASONS[sipStatus] ?? 'rejected', sipStatus, ...(q850 === undefined ? {} : { q850 }) };
}
