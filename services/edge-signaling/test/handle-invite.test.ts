import { defaultTenant } from '@callweave/contracts';
import { type Reply } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { type InviteDeps, InviteHandler } from '../src/invite/handle-invite.ts';
import { fakeRequest } from './fake-call.ts';

test('an edge that is about to end takes on no call and asks nobody about it', async () => {
  const replies: Reply[] = [];
  const log = recordLogs();
  const handler = new InviteHandler({ notReady: () => 'draining', log } as unknown as InviteDeps);
  await handler.handle(fakeRequest('INVITE', (reply) => replies.push(reply)));
  expect(replies).toEqual([{ status: 503, headers: { 'Retry-After': '5' } }]);
  expect(handler.active).toBe(0);
  expect(log.lines).toMatchObject([{ event: 'call.refused', fields: { reason: 'draining' } }]);
});

test('a trunk, which has proved to be nobody, may not take the place of anybody in a call', async () => {
  const replies: Reply[] = [];
  let taken = 0;
  const deps = {
    notReady: () => undefined,
    tenants: { domainOf: () => 'd' },
    trunks: { bySource: () => ({ tenant: defaultTenant, trunk: 'pbx', networks: [] }) },
    flows: { instance: () => 'one' },
    takePlace: () => Promise.resolve((taken += 1)),
    log: recordLogs(),
  };
  const handler = new InviteHandler(deps as unknown as InviteDeps);
  const plain = fakeRequest('INVITE', (reply) => replies.push(reply));
  const headers: Readonly<Record<string, string>> = { replaces: 'c;to-tag=1;from-tag=2' };
  await handler.handle({ ...plain, body: undefined, header: (name) => headers[name] ?? plain.header(name) });
  expect([replies, taken]).toEqual([[{ status: 403 }], 0]);
});

test('a call whose engine is replaced while its caller is looked at is not begun: nobody could be told', async () => {
  const replies: Reply[] = [];
  let engine = 'one';
  const deps = {
    notReady: () => undefined,
    tenants: { byDomain: () => ({ tenant: defaultTenant, realm: 'd', domain: 'd' }) },
    trunks: { bySource: () => undefined },
    flows: { instance: () => engine },
    authenticator: {
      challenge: () => {
        engine = 'another';
        return Promise.resolve({ kind: 'challenged', challenges: ['Digest'] });
      },
    },
    log: recordLogs(),
  };
  const handler = new InviteHandler(deps as unknown as InviteDeps);
  await handler.handle({ ...fakeRequest('INVITE', (reply) => replies.push(reply)), body: undefined });
  expect([replies.map(({ status }) => status), handler.active]).toEqual([[503], 0]);
});
