import { FakeFlow } from '@callweave/sip-engine/testing';
import { parseMessage, type SipRequest } from '@callweave/sip';
import { requestText } from '@callweave/sip/testing';
import { expect, test } from 'vitest';
import { noteSource } from '../src/core/received-via.ts';
import { noQuirks } from '../src/core/quirks.ts';

/** The topmost Via of a request from 192.0.2.9:1234 that says `params` of itself. */
function noted(params: string): SipRequest {
  const text = requestText({}).replace(/^Via:.*$/m, `Via: SIP/2.0/UDP phone.example;branch=z9hG4bKb${params}`);
  const request = parseMessage(Buffer.from(text));
  if (request.kind !== 'request') throw new TypeError('not a request');
  noteSource(request, new FakeFlow({ address: '192.0.2.9', port: 1_234 }), noQuirks);
  return request;
}

test.each([
  ['', ';received=192.0.2.9'],
  [';rport', ';rport=1234;received=192.0.2.9'],
  [';rport;x=1', ';rport=1234;x=1;received=192.0.2.9'],
  [';received=198.51.100.1', ';received=192.0.2.9'],
  [';rport=[::1]', ';rport=1234;received=192.0.2.9'],
  [';rport="5060"', ';rport=1234;received=192.0.2.9'],
  [';received="q;\\",<>";tag', ';tag;received=192.0.2.9'],
  [';received', ';received=192.0.2.9'],
  [';x=";rport;received=1";rport', ';x=";rport;received=1";rport=1234;received=192.0.2.9'],
])('the Via parameters %j become %j', (said, become) => {
  const request = noted(said);
  expect(request.headers.get('via')).toBe(`SIP/2.0/UDP phone.example;branch=z9hG4bKb${become}`);
  expect(request.via.params.get('received')).toBe('192.0.2.9');
});
