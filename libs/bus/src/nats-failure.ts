import { ErrorCode, NatsError } from 'nats';
import { BusUnavailableError } from './errors.ts';

/** JetStream's "wrong last sequence": a compare-and-set that lost. */
const WRONG_LAST_SEQUENCE = 10_071;
/** JetStream's "no message found", "sequence not found" and "message delete failed". */
const MISSING: ReadonlySet<number> = new Set([10_037, 10_043, 10_057]);

/** JetStream's "no suitable peers for placement": not enough servers of the cluster are there, yet. */
const NO_PEERS = 10_005;

const RETRYABLE: ReadonlySet<string> = new Set([
  ErrorCode.Timeout,
  ErrorCode.NoResponders,
  ErrorCode.Disconnect,
  ErrorCode.ConnectionClosed,
  ErrorCode.ConnectionRefused,
  ErrorCode.ConnectionTimeout,
  ErrorCode.JetStreamNotEnabled,
  ErrorCode.JetStreamIdleHeartBeat,
]);

/** What our own client refuses to send; it would refuse it again. */
const REFUSED: ReadonlySet<string> = new Set([ErrorCode.MaxPayloadExceeded, ErrorCode.BadSubject]);

/** What a failure of the NATS client means to us. */
export type NatsFailure = 'conflict' | 'missing' | 'unavailable' | 'refused' | 'other';

/** Sorts a thrown value; an election in a cluster shows as `unavailable` and passes within seconds. */
export function classifyNatsFailure(error: unknown): NatsFailure {
  if (!(error instanceof NatsError)) return 'other';
  const api = error.api_error;
  if (api?.err_code === WRONG_LAST_SEQUENCE) return 'conflict';
  if (api?.err_code !== undefined && MISSING.has(api.err_code)) return 'missing';
  if (error.code === '404') return 'missing';
  if (REFUSED.has(error.code)) return 'refused';
  if (api?.err_code === NO_PEERS) return 'unavailable';
  if (RETRYABLE.has(error.code) || error.code === '503' || api?.code === 503) return 'unavailable';
  return 'other';
}

/** The error to throw for a failure that was not handled closer to its cause. */
export function toBusError(error: unknown, doing: string): Error {
  if (classifyNatsFailure(error) === 'unavailable') return new BusUnavailableError(doing, { cause: error });
  return error instanceof Error ? error : new Error(doing, { cause: error });
}
