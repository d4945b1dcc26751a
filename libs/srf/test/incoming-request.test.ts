import { expect, test } from 'vitest';
import { incomingRequest } from '../src/incoming-request.ts';

/** The transport of a request that came over `protocol`, as the engine calls it, with this topmost Via. */
function transportOf(protocol: string, via: string): string {
  const headers: Record<string, string> = { via };
  const message = { body: undefined, get: (name: string) => headers[name] };
  const request = {
    ...message,
    ...({
      method: 'OPTIONS',
      uri: 'sip:x',
      source: 'network',
      source_address: '192.0.2.1',
      source_port: 5060,
    } as const),
    ...{ protocol, receivedOn: undefined, stackDialogId: undefined, on: () => undefined },
  };
  const response = { ...message, status: 0, reason: '', finalResponseSent: false, send: () => undefined };
  return incomingRequest(request, response).transport;
}

test.each([
  ['tcp', 'SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK1, SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK2', 'ws'],
  ['tcp', 'SIP / 2.0 / wss df7jal23ls0d.invalid;branch=z9hG4bK1', 'wss'],
  ['tcp', 'SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1', 'tcp'],
  ['tcp', 'SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1, SIP/2.0/WS a.invalid;branch=z9hG4bK2', 'tcp'],
  ['udp', 'SIP/2.0/WS a.invalid;branch=z9hG4bK1', 'udp'],
])('what an engine calls %s and Via %s is %s', (protocol, via, transport) => {
  expect(transportOf(protocol, via)).toBe(transport);
});
