import assert from 'node:assert';
import { expect, test } from 'vitest';
import { type SrfApplication } from '../src/drachtio.ts';
import { type OutgoingRequest, sendRequest } from '../src/outgoing-request.ts';

/** The headers that the engine is given. */
function given(request: OutgoingRequest): unknown {
  let headers: unknown;
  const srf = {
    request: (options: { headers?: unknown }) => {
      headers = options.headers;
    },
  } as unknown as SrfApplication;
  sendRequest(srf, request, { responded: () => undefined, failed: () => undefined });
  return headers;
}

const us = '<sip:callweave@localhost>';

test('inside a dialog the engine says itself where we are, and what it cannot fill in hides nothing', () => {
  const inside = { uri: 'sip:placeholder', dialogId: 'a;from-tag=b', headers: { Contact: us, Event: 'refer' } };
  expect(given({ ...inside, method: 'INVITE' })).toEqual({ Event: 'refer' });
  expect(Object.keys(given({ ...inside, method: 'NOTIFY' }) as object)).toEqual(['Event', 'Contact']);
});

test('outside of dialogs headers go as they are', () => {
  const headers = { Contact: us, Event: 'presence' };
  expect(given({ uri: 'sip:bob@h', method: 'SUBSCRIBE', headers })).toEqual(headers);
});

test('an answer whose connection is gone is acknowledged in vain, and nothing worse', () => {
  const gone = (): void => {
    assert(false);
  };
  let answered = 0;
  const sent = { on: (_event: string, hear: (response: unknown, ack: () => void) => void) => hear(answer, gone) };
  const answer = { status: 200, reason: 'OK', get: () => undefined };
  const srf = { request: (_options: unknown, onSent: (error: unknown, sent: unknown) => void) => onSent(null, sent) };
  sendRequest(
    srf as unknown as SrfApplication,
    { uri: 'sip:bob@h', method: 'INVITE' },
    {
      responded: (response) => {
        response.acknowledge();
        answered += 1;
      },
      failed: () => undefined,
    },
  );
  expect(answered).toBeGreaterThan(0);
});
