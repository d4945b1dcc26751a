import { BusUnavailableError } from '@callweave/bus';
import { type LegId } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { type FoundLeg } from '../src/call/call-records.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { edge } from './fake-call.ts';
import { fakeTransfers } from './fake-transfer.ts';

const legId = createLegId();
/** Bob's other dialog, as the records have it. */
const stored = {
  leg: { legId, sipCallId: 'c', remoteTag: 'theirs' },
  call: { tenant: 'default', owner: edge, state: 'answered', legs: [legId] },
  revision: 1,
} as unknown as FoundLeg;

async function statusOf(world: ReturnType<typeof fakeTransfers>, toTag: LegId = legId): Promise<string | undefined> {
  world.establish('alice', 'bob');
  const replaces = encodeURIComponent(`c;to-tag=${toTag};from-tag=theirs`);
  await world.from('bob', 'REFER', { 'refer-to': `<sip:carol@d?Replaces=${replaces}>` });
  await world.answers('bob', 200);
  return world.seen.at(-1);
}

test('a dialog that another edge holds is joined with none of ours: 501', async () => {
  const records = { find: () => Promise.resolve(stored) };
  const world = fakeTransfers({ records, peers: { holds: () => Promise.resolve(true) } });
  expect(await statusOf(world)).toBe('bob is sent NOTIFY 501 Not Implemented');
});

test('a dialog whose edge is gone is taken over first', async () => {
  const adopted: unknown[] = [];
  const records = { find: () => Promise.resolve(stored) };
  const adopter = { adopt: (found: FoundLeg) => Promise.resolve(void adopted.push(found)) };
  await statusOf(fakeTransfers({ records, adopter }));
  expect(adopted).toEqual([stored]);
});

test('a dialog that rings, is over or has other tags is as good as unknown: 481', async () => {
  const asIf = (found: FoundLeg): Promise<string | undefined> =>
    statusOf(fakeTransfers({ records: { find: () => Promise.resolve(found) } }));
  const told = await Promise.all([
    asIf({ ...stored, call: { ...stored.call, state: 'ringing' } }),
    asIf({ ...stored, call: { ...stored.call, state: 'ended' } }),
    asIf({ ...stored, leg: { ...stored.leg, remoteTag: 'other' } }),
  ]);
  expect(new Set(told)).toEqual(new Set(['bob is sent NOTIFY 481 Call/Transaction Does Not Exist']));
});

test('while the bus is away nothing is known of dialogs that are not in hand: 503, and the call stays', async () => {
  const records = { find: () => Promise.reject(new BusUnavailableError('away')) };
  const world = fakeTransfers({ records });
  expect(await statusOf(world)).toBe('bob is sent NOTIFY 503 Service Unavailable');
  expect(world.calls.size).toBe(1);
});
