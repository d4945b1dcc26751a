import { BusUnavailableError } from '@callweave/bus';
import { type LegId } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { type FoundLeg } from '../src/call/call-records.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { type Yielded } from '../src/survive/peers.ts';
import { type FindDialogDeps } from '../src/transfer/find-dialog.ts';
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

/** Another edge holds the dialog, and answers so when it is asked for the call. */
function heldElsewhere(answer: Yielded): Pick<FindDialogDeps, 'peers'> {
  return { peers: { holds: () => Promise.resolve(true), yield: () => Promise.resolve(answer) } };
}

test('a dialog that another edge holds is taken over as that one leaves it', async () => {
  const adopted: unknown[] = [];
  const left = { ...stored, revision: 2 };
  const found = [stored, left];
  const records = { find: () => Promise.resolve(found.shift()) };
  const adopter = { adopt: (...asked: unknown[]) => Promise.resolve(void adopted.push(...asked)) };
  const said = { caller: 'v=0 caller', callee: 'v=0 callee' };
  await statusOf(fakeTransfers({ records, adopter, ...heldElsewhere({ kind: 'yielded', ...said }) }));
  expect(adopted).toEqual([left, said]);
});

test.each<[string, Yielded['kind'], string]>([
  ['is changing its session, or being joined there', 'busy', '491 Request Pending'],
  ['does not answer', 'silent', '503 Service Unavailable'],
])('a dialog whose edge %s is joined with none of ours', async (_, kind, told) => {
  const records = { find: () => Promise.resolve(stored) };
  const adopter = { adopt: () => Promise.reject(new Error('not ours')) };
  const world = fakeTransfers({ records, adopter, ...heldElsewhere({ kind }) });
  expect(await statusOf(world)).toBe(`bob is sent NOTIFY ${told}`);
  expect(world.calls.size).toBe(1);
});

test('a dialog that ends while its edge is asked for it is unknown', async () => {
  const over = { ...stored, call: { ...stored.call, state: 'ended' as const } };
  const found = [stored, over];
  const records = { find: () => Promise.resolve(found.shift()) };
  expect(await statusOf(fakeTransfers({ records, ...heldElsewhere({ kind: 'not-held' }) }))).toBe(
    'bob is sent NOTIFY 481 Call/Transaction Does Not Exist',
  );
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
