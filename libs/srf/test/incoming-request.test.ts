import { expect, test } from 'vitest';
import { type SrfRequest, type SrfResponse } from '../src/drachtio.ts';
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

test('what is replied can be said once more: drachtio-srf, which takes headers out of what it sends, is given its own', async () => {
  const reply = { status: 486, headers: { To: '<sip:b@d>;tag=ours', Reason: 'Q.850;cause=17' } };
  const response = {
    send: (_status: number, _reason: unknown, options: { headers: Record<string, string> }, sent: () => void) => {
      delete options.headers['To'];
      sent();
    },
  };
  const request = { protocol: 'udp', source_address: '192.0.2.1', get: () => undefined } as unknown as SrfRequest;
  await incomingRequest(request, response as unknown as SrfResponse).reply(reply);
  expect(reply.headers.To).toBe('<sip:b@d>;tag=ours');
});
