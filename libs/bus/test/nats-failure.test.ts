import { ErrorCode, NatsError } from 'nats';
import { describe, expect, test } from 'vitest';
import { BusUnavailableError } from '../src/errors.ts';
import { classifyNatsFailure, toBusError } from '../src/nats-failure.ts';

function apiError(code: number, errCode: number): NatsError {
  const error = new NatsError('refused', ErrorCode.JetStream404NoMessages);
  error.code = String(code);
  error.api_error = { code, err_code: errCode, description: 'refused' };
  return error;
}

describe('what a failure of the NATS client means', () => {
  test.each([
    ['a compare-and-set that lost', apiError(400, 10_071), 'conflict'],
    ['no message on this subject', apiError(404, 10_037), 'missing'],
    ['a revision that is gone already', apiError(400, 10_043), 'missing'],
    ['a message that could not be deleted', apiError(500, 10_057), 'missing'],
    ['a plain 404', new NatsError('not found', '404'), 'missing'],
    ['an election', apiError(503, 10_008), 'unavailable'],
    ['a cluster of which not enough servers are there', apiError(400, 10_005), 'unavailable'],
    ['no responders', new NatsError('503', ErrorCode.NoResponders), 'unavailable'],
    ['a time-out', new NatsError('timeout', ErrorCode.Timeout), 'unavailable'],
    ['a closed connection', new NatsError('closed', ErrorCode.ConnectionClosed), 'unavailable'],
    ['JetStream that is still off', new NatsError('off', ErrorCode.JetStreamNotEnabled), 'unavailable'],
    ['a payload above the limit', new NatsError('too large', ErrorCode.MaxPayloadExceeded), 'refused'],
    ['a forbidden subject', new NatsError('no', ErrorCode.PermissionsViolation), 'other'],
    ['an error that is not the client’s', new Error('TIMEOUT'), 'other'],
    ['a thrown text', 'TIMEOUT', 'other'],
  ])('%s', (_title, error, meaning) => {
    expect(classifyNatsFailure(error)).toBe(meaning);
  });

  test('what passes by itself is thrown as unavailable, with its cause; all else as it is', () => {
    const timeout = new NatsError('timeout', ErrorCode.Timeout);
    expect(toBusError(timeout, 'reading')).toEqual(new BusUnavailableError('reading', { cause: timeout }));
    const other = new Error('other');
    expect(toBusError(other, 'reading')).toBe(other);
  });
});
