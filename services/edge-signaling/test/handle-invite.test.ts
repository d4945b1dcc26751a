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
