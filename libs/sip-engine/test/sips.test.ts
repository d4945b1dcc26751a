import { FakeFlow } from '@callweave/sip-engine/testing';
import { buildRequest } from '@callweave/sip/testing';
import { expect, test } from 'vitest';
import { contactFor, wantsSips } from '../src/core/local.ts';

test.each<[string, boolean, { uri?: string; headers?: string[] }]>([
  ['a SIPS Request-URI', true, { uri: 'sips:bob@example.com' }],
  [
    'a SIPS Record-Route on top',
    true,
    { headers: ['Record-Route: <sips:p1.example.com;lr>, <sip:p2.example.com;lr>'] },
  ],
  ['a SIPS Contact', true, { headers: ['Contact: <sips:alice@192.0.2.1>'] }],
  [
    'a SIPS Contact behind a SIP proxy',
    false,
    { headers: ['Contact: <sips:a@192.0.2.1>', 'Record-Route: <sip:p;lr>'] },
  ],
  ['SIP URIs by TLS', false, { uri: 'sip:bob@example.com;transport=tls' }],
])('a request with %s gets a SIPS Contact: %s, RFC 3261 §12.1.1', (_what, isSecure, fields) => {
  const wanted = wantsSips(buildRequest({ method: 'INVITE', ...fields }));
  expect(wanted).toBe(isSecure);
  expect(contactFor(new FakeFlow(), wanted)).toMatch(isSecure ? /^<sips:/ : /^<sip:/);
});
