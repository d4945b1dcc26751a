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
