import { CallId } from '@callweave/contracts';
import { type OutgoingRequest } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { createLegId } from '../src/leg/leg-id.ts';
import { type Leg, LegTable } from '../src/leg/leg.ts';
import { LateAnswers } from '../src/survive/late-answers.ts';

const callId = CallId.parse('01HF7YAT000000000000000000');
const legId = createLegId(callId);

/** A response of a device to an INVITE of an engine that is gone. */
function said(status: string, { method = 'INVITE', tag = String(legId) } = {}): string {
  return [
    `SIP/2.0 ${status}`,
    'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKgone.1',
    'Record-Route: <sip:near.example;lr>, <sip:far.example;lr>',
    `From: "Alice" <sip:alice@example.com>;tag=${tag}`,
    'To: <sip:bob@example.com>;tag=device',
    'Call-ID: c1',
    `CSeq: 7 ${method}`,
    'Contact: <sip:bob@192.0.2.7:5062>',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

/** What is sent and acknowledged for it; of the call it is known that it is over, or not. */
async function taken(
  message: string,
  hasEnded = true,
  legs = new LegTable(),
): Promise<{ sent: OutgoingRequest[]; acknowledged: string[] }> {
  const sent: OutgoingRequest[] = [];
  const acknowledged: string[] = [];
  const late = new LateAnswers({
    records: { hasEnded: () => Promise.resolve(hasEnded) },
    legs,
    send: (request) => {
      sent.push(request);
      return { cancel: () => undefined };
    },
    acknowledge: (refusal, peer) => acknowledged.push(`${refusal.header('cseq') ?? ''} ${peer}`),
    log: recordLogs(),
  });
  await late.take({ source: '192.0.2.7:5062', transport: 'udp', message });
  return { sent, acknowledged };
}

test('who picks up when the engine that called him is gone is hung up on, by way of the proxies in between', async () => {
  const { sent } = await taken(said('200 OK'));
  expect(sent).toMatchObject([
    {
      method: 'BYE',
      uri: 'sip:bob@192.0.2.7:5062',
      headers: {
        'Call-ID': 'c1',
        From: `"Alice" <sip:alice@example.com>;tag=${legId}`,
        To: '<sip:bob@example.com>;tag=device',
        CSeq: '107 BYE',
        Route: ['<sip:far.example;lr>', '<sip:near.example;lr>'],
      },
    },
  ]);
});

test.each(['200 OK', '486 Busy Here'])('%s is left alone while the call may be with somebody', async (status) => {
  expect(await taken(said(status), false)).toEqual({ sent: [], acknowledged: [] });
});

test('nor is anything done in a dialog that is in our hands', async () => {
  const legs = new LegTable();
  legs.add({ legId } as Leg);
  expect((await taken(said('200 OK'), true, legs)).sent).toEqual([]);
});

test('a refusal is acknowledged, so that it is not repeated', async () => {
  expect(await taken(said('487 Request Terminated'))).toEqual({ sent: [], acknowledged: ['7 INVITE 192.0.2.7:5062'] });
});

test.each([
  ['a provisional response', said('180 Ringing')],
  ['an answer to another request', said('200 OK', { method: 'OPTIONS' })],
  ['what was sent by nobody we know', said('200 OK', { tag: 'stranger' })],
  ['an answer whose way back nobody can read', said('200 OK').replace('Contact: ', 'Contact: "')],
  ['what is no response', 'BYE sip:a@b SIP/2.0\r\n\r\n'],
  ['what nobody can read', 'nonsense'],
])('%s is left alone', async (_what, message) => {
  expect(await taken(message)).toEqual({ sent: [], acknowledged: [] });
});
