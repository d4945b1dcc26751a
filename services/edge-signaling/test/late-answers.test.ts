import { callIdOf } from '@callweave/contracts';
import { type OutgoingRequest } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { type FoundLeg } from '../src/call/call-records.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { LegTable } from '../src/leg/leg.ts';
import { LateAnswers } from '../src/survive/late-answers.ts';
import { storedCall } from './stored-call.ts';

const stored = storedCall(1);
const legId = createLegId(callIdOf(stored.leg.legId));

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

/** What is sent and acknowledged for it; `found` is what is stored of its call. */
async function taken(message: string, found?: FoundLeg): Promise<{ sent: OutgoingRequest[]; acknowledged: string[] }> {
  const sent: OutgoingRequest[] = [];
  const acknowledged: string[] = [];
  const late = new LateAnswers({
    records: { find: () => Promise.resolve(found) },
    legs: new LegTable(),
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

test('one whose call has been taken over talks on, and one whose call has ended does not', async () => {
  expect((await taken(said('200 OK'), stored)).sent).toEqual([]);
  const ended = { ...stored, call: { ...stored.call, state: 'ended' as const } };
  expect((await taken(said('200 OK'), ended)).sent).toHaveLength(1);
});

test('a refusal is acknowledged, so that it is not repeated', async () => {
  expect(await taken(said('487 Request Terminated'))).toEqual({ sent: [], acknowledged: ['7 INVITE 192.0.2.7:5062'] });
});

test.each([
  ['a provisional response', said('180 Ringing')],
  ['an answer to another request', said('200 OK', { method: 'OPTIONS' })],
  ['what was sent by nobody we know', said('200 OK', { tag: 'stranger' })],
  ['what is no response', 'BYE sip:a@b SIP/2.0\r\n\r\n'],
  ['what nobody can read', 'nonsense'],
])('%s is left alone', async (_what, message) => {
  expect(await taken(message)).toEqual({ sent: [], acknowledged: [] });
});
