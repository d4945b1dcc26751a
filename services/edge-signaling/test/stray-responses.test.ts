import { InstanceId } from '@callweave/contracts';
import { BusUnavailableError } from '@callweave/bus';
import { type IncomingRequest, type OutgoingRequest } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { type Brought } from '../src/survive/peers.ts';
import { strayResponseHandler, takeResponse } from '../src/survive/stray-responses.ts';
import { response } from './fake-call.ts';

const sender = InstanceId.parse('abcdefghijklmnop');
const message = 'SIP/2.0 200 OK\r\n\r\n';
const stray = { source: '192.0.2.9:5062', transport: 'udp', message };

/** To whom a response is brought, and what is answered, when the engine tells of it. */
async function told(
  more: Partial<IncomingRequest> = {},
  bring: () => Promise<Brought> = () => Promise.resolve('wanted'),
): Promise<unknown[]> {
  const seen: unknown[] = [];
  const peers = {
    bring: (...brought: unknown[]) => {
      seen.push(...brought);
      return bring();
    },
  };
  await strayResponseHandler({
    peers,
    late: () => Promise.resolve(void seen.push('late')),
    log: recordLogs(),
  })({
    method: 'RESPONSE',
    uri: `sip:${sender}@192.0.2.9:5062;transport=udp`,
    header: () => undefined,
    transport: 'udp',
    source: '192.0.2.9:5062',
    receivedOn: undefined,
    body: message,
    isFromEngine: true,
    onCancel: () => undefined,
    reply: ({ status }) => Promise.resolve(void seen.push(status)),
    ...more,
  });
  return seen;
}

test('a response that came to this edge is brought to the one whose engine sent the request', async () => {
  expect(await told()).toEqual([sender, stray]);
});

test('one to a request of an engine that is gone is taken here, and none that a live one has no use for', async () => {
  expect(await told({}, () => Promise.resolve('nobody'))).toEqual([sender, stray, 'late']);
  expect(await told({}, () => Promise.resolve('unwanted'))).toEqual([sender, stray]);
  expect(await told({}, () => Promise.resolve('silent'))).toEqual([sender, stray]);
});

test('one of which nobody can be asked is dropped', async () => {
  expect(await told({ uri: 'sip:192.0.2.9:5062' })).toEqual([]);
  await expect(told({}, () => Promise.reject(new BusUnavailableError('edge')))).resolves.toHaveLength(2);
});

test('a phone cannot say so', async () => {
  expect(await told({ isFromEngine: false })).toEqual([405]);
});

test('the engine is given it with where it came from, and says whether a request waits for it', async () => {
  const sent: OutgoingRequest[] = [];
  const takes = (status: number): Promise<boolean> =>
    takeResponse((request, { responded }) => {
      sent.push(request);
      responded(response(status));
      return { cancel: () => undefined };
    }, stray);
  expect([await takes(200), await takes(481)]).toEqual([true, false]);
  expect(sent[0]).toMatchObject({ method: 'RESPONSE', uri: 'sip:192.0.2.9:5062;transport=udp', body: message });
});
