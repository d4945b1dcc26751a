import { defaultTenant, FlowToken, InstanceId } from '@callweave/contracts';
import { type IncomingRequest } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { flowClosedHandler } from '../src/register/handle-flow-closed.ts';

const headers: Record<string, string> = {
  via: 'SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK1',
  to: '<sip:alice@example.org>',
  from: '<sip:alice@example.org>;tag=1',
  'call-id': 'c1',
  cseq: '7 FLOW-CLOSED',
  contact: '<sip:k3v8t2@df7jal23ls0d.invalid;transport=ws>',
};

/** What the registrar is told, and what is replied, when FLOW-CLOSED comes. */
async function tell(more: Partial<IncomingRequest> & { to?: string } = {}): Promise<unknown[]> {
  const seen: unknown[] = [];
  const handle = flowClosedHandler({
    registrar: {
      register: () => Promise.reject(new Error('nobody registers')),
      flowClosed: (closed) => {
        seen.push(closed);
        return Promise.resolve({ removed: 1 });
      },
    },
    tenants: { byDomain: (domain) => ({ tenant: defaultTenant, realm: 'callweave', domain }) },
    engineInstance: () => InstanceId.parse('abcdefghijklmnop'),
    ownAddress: () => '198.51.100.1:5066',
    sealFlow: (flow) => FlowToken.parse(Object.values(flow).join(' ')),
    log: recordLogs(),
  });
  await handle({
    method: 'FLOW-CLOSED',
    uri: 'sip:example.org',
    header: (name) => (name === 'to' ? (more.to ?? headers['to']) : headers[name]),
    transport: 'ws',
    source: '203.0.113.9:40000',
    receivedOn: '198.51.100.2:5066',
    body: undefined,
    isFromEngine: true,
    onCancel: () => undefined,
    reply: ({ status }) => {
      seen.push(status);
      return Promise.resolve();
    },
    ...more,
  });
  return seen;
}

test('the registrar is told by which flow a device can no longer be reached: the very flow of its REGISTER', async () => {
  const flow = 'abcdefghijklmnop ws 198.51.100.2:5066 203.0.113.9:40000';
  expect(await tell()).toEqual([{ tenant: defaultTenant, user: 'alice', flow }]);
});

test('nobody else can say so', async () => {
  expect(await tell({ isFromEngine: false })).toEqual([405]);
});

test('what cannot be read is nobody, and wants no answer', async () => {
  expect(await tell({ to: 'nobody' })).toEqual([]);
});
