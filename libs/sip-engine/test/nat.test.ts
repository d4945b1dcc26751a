import { fakeListener, FakeFlow } from '@callweave/sip-engine/testing';
import { buildRequest, buildResponse } from '@callweave/sip/testing';
import { describe, expect, test } from 'vitest';
import { isPinned } from '../src/core/local.ts';
import { type NatDetection } from '../src/transport/address.ts';
import { type Flow } from '../src/transport/transport.ts';

const flowFrom = (natDetection: NatDetection | undefined): Flow => {
  const { protocol, reliable, remoteAddress, remotePort } = new FakeFlow({ address: '192.0.2.1', port: 5060 });
  const listener = { ...fakeListener, natDetection };
  return { protocol, reliable, remoteAddress, remotePort, listener, isOpen: true, send: () => true };
};

const own = 'Contact: <sip:alice@192.0.2.1:5060>';
const hidden = 'Contact: <sip:alice@10.0.0.1:5060>';
const declared = 'Contact: <sip:alice@192.0.2.1:5060;nat=yes>';
const routed = 'Record-Route: <sip:192.0.2.8;lr>';
const declaredRoute = 'Record-Route: <sip:192.0.2.8;lr;nat=yes>, <sip:192.0.2.9;lr>';

// prettier-ignore
describe('a peer is taken to be behind a NAT', () => {
  test.each<[string, string[], Record<NatDetection, boolean>]>([
    ['with the Contact it sends from',             [own],                 { contact: false, declared: false, off: false }],
    ['with a Contact elsewhere',                   [hidden],              { contact: true,  declared: true,  off: false }],
    ['with a Contact elsewhere, behind a proxy',   [hidden, routed],      { contact: false, declared: false, off: false }],
    ['with nat=yes in its Contact',                [declared],            { contact: false, declared: true,  off: false }],
    ['with nat=yes in the Route next to us',       [own, declaredRoute],  { contact: false, declared: true,  off: false }],
  ])('%s', (_what, headers, expected) => {
    const request = buildRequest({ method: 'INVITE', headers });
    const seen = (kind: NatDetection): boolean => isPinned(request, flowFrom(kind));
    expect({ contact: seen('contact'), declared: seen('declared'), off: seen('off') }).toEqual(expected);
    expect(isPinned(request, flowFrom(undefined))).toBe(expected.contact);
  });
});

test('of a response the last Record-Route is next to the peer, RFC 3261 §12.1.2', () => {
  const response = buildResponse(buildRequest({ method: 'INVITE' }), 200);
  response.headers.append('Record-Route', '<sip:192.0.2.8;lr;nat=yes>, <sip:192.0.2.9;lr>');
  expect(isPinned(response, flowFrom('declared'))).toBe(false);
  response.headers.set('record-route', '<sip:192.0.2.9;lr>, <sip:192.0.2.8;lr;nat=yes>');
  expect(isPinned(response, flowFrom('declared'))).toBe(true);
});
