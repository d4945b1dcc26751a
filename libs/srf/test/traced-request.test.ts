import { activeTrace, insideSpan, startSpan } from '@callweave/telemetry';
import { type RecordedSpan, recordSpans } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import {
  type IncomingRequest,
  type IncomingResponse,
  type OutgoingEvents,
  type OutgoingRequest,
} from '../src/index.ts';
import { answerInSpan, sendInSpan } from '../src/traced-request.ts';

const spans = recordSpans();
const elsewhere = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const invite: OutgoingRequest = {
  method: 'INVITE',
  uri: 'sip:bob@192.0.2.7:5062;transport=tcp',
  headers: { 'Call-ID': 'c1' },
};
const deaf: OutgoingEvents = { responded: () => undefined, failed: () => undefined };

function incoming(method: string, options: Partial<IncomingRequest> = {}): IncomingRequest {
  return {
    method,
    uri: 'sip:bob@example.org',
    transport: 'udp',
    source: '192.0.2.1:5060',
    receivedOn: undefined,
    isFromEngine: false,
    body: undefined,
    header: (name) => ({ 'call-id': 'c1', 'x-traceparent': elsewhere })[name],
    reply: () => Promise.resolve(),
    onCancel: () => undefined,
    ...options,
  };
}

function response(status: number): IncomingResponse {
  return {
    source: '',
    transport: 'udp',
    status,
    reason: '',
    body: undefined,
    header: () => undefined,
    acknowledge: () => undefined,
  };
}

const shown = ({ name, kind, attributes, events, isFailed }: RecordedSpan): unknown[] => [
  ...[`${name} ${kind}`, attributes['sip.response.status_code'], ...events],
  ...(isFailed ? ['failed'] : []),
];

test('phones and carriers are not shown the trace, parts of the platform are', () => {
  const call = startSpan('call');
  insideSpan(call, () => {
    expect(sendInSpan(invite, deaf).headers).toEqual({ 'Call-ID': 'c1' });
    const { headers } = sendInSpan({ ...invite, isInternal: true }, deaf);
    expect(headers?.['X-Traceparent']).toMatch(new RegExp(`^00-${call.spanContext().traceId}-[0-9a-f]{16}-01$`));
  });
});

test('the span of an INVITE lasts until its final response; what follows belongs to the call', () => {
  spans();
  const call = startSpan('call');
  const seen: (string | undefined)[] = [];
  const responded = (): void => void seen.push(activeTrace()?.slice(36, 52));
  const { events, cancelled } = insideSpan(call, () => sendInSpan(invite, { ...deaf, responded }));
  events.responded(response(180));
  expect(spans()).toEqual([]);
  cancelled();
  events.responded(response(487));
  events.responded(response(487));
  const [span, ...others] = spans();
  expect(others).toEqual([]);
  expect(span === undefined ? [] : shown(span)).toEqual(['SIP INVITE client', 487, '180', 'CANCEL']);
  expect(span?.attributes).toMatchObject({ 'server.address': '192.0.2.7', 'server.port': 5062, 'sip.call_id': 'c1' });
  expect(JSON.stringify(span?.attributes)).not.toContain('bob');
  expect(seen).toEqual(Array(3).fill(call.spanContext().spanId));
});

test.each([
  ['refused by the callee', 486, ['SIP INVITE client', 486]],
  ['refused because a server failed', 503, ['SIP INVITE client', 503, 'failed']],
])('a request %s', (_case, status, expected) => {
  sendInSpan(invite, deaf).events.responded(response(status));
  expect(spans().map(shown)).toEqual([expected]);
});

test('a request that could not be sent has failed', () => {
  sendInSpan(invite, deaf).events.failed(new Error('no connection'));
  expect(spans().map(shown)).toEqual([['SIP INVITE client', undefined, 'exception', 'failed']]);
});

test('a request is answered in a span that outlasts its handler', async () => {
  const replies: number[] = [];
  const request = incoming('INVITE', { reply: ({ status }) => Promise.resolve(void replies.push(status)) });
  let held: IncomingRequest | undefined;
  await answerInSpan(request, { parent: undefined }, (traced) => Promise.resolve(void (held = traced)));
  expect(spans()).toEqual([]);
  await held?.reply({ status: 180 });
  await held?.reply({ status: 200 });
  expect(replies).toEqual([180, 200]);
  const [span] = spans();
  expect(span === undefined ? [] : shown(span)).toEqual(['SIP INVITE server', 200, '180']);
  // What the request itself says of a trace counts for nothing unless the handler's side believes it.
  expect(span?.parentSpanId).toBeUndefined();
});

test('a request inside a dialog goes on with the trace of its leg', async () => {
  await answerInSpan(incoming('BYE'), { parent: elsewhere }, (traced) => traced.reply({ status: 200 }));
  expect(spans()).toMatchObject([{ name: 'SIP BYE', parentSpanId: elsewhere.slice(36, 52) }]);
});

test('a request that is cancelled ends with 487, which the engine has sent', async () => {
  let cancel = (): void => undefined;
  const request = incoming('INVITE', {
    onCancel: (listener) => (cancel = () => listener({ header: () => '', body: '' })),
  });
  await answerInSpan(request, { parent: undefined }, () => Promise.resolve());
  cancel();
  expect(spans().map(shown)).toEqual([['SIP INVITE server', 487, 'CANCEL']]);
});

test('a handler that fails and a response nobody takes are told', async () => {
  const failing = answerInSpan(incoming('OPTIONS'), { parent: undefined }, () => Promise.reject(new Error('defect')));
  await expect(failing).rejects.toThrow('defect');
  const request = incoming('OPTIONS', { reply: () => Promise.reject(new Error('transaction over')) });
  const unanswered = answerInSpan(request, { parent: undefined }, (traced) => traced.reply({ status: 200 }));
  await expect(unanswered).rejects.toThrow('transaction over');
  expect(spans().map(({ isFailed }) => isFailed)).toEqual([true, true]);
});

test.each([
  ['an ACK', incoming('ACK')],
  ['the BYE that the engine made itself', incoming('BYE', { isFromEngine: true })],
])('%s has no response and no span, and belongs to the trace all the same', async (_case, request) => {
  let inside: string | undefined;
  await answerInSpan(request, { parent: elsewhere }, () => Promise.resolve(void (inside = activeTrace())));
  expect(inside).toBe(elsewhere);
  expect(spans()).toEqual([]);
});
