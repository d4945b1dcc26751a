import { type IncomingResponse } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { fakeCall, type FakeCall, type FakeWorld, response } from './fake-call.ts';

/** A call whose caller is told himself where a device sends it. */
async function call(world: FakeWorld = {}): Promise<FakeCall & { readonly told: readonly unknown[] }> {
  const told: unknown[] = [];
  const fake = fakeCall({ ...world, deps: { ...world.deps, redirects: 'pass' }, replied: (reply) => told.push(reply) });
  fake.call.start();
  await fake.settle();
  return { ...fake, told };
}

const moved = (status: number, contact?: string): IncomingResponse => ({
  ...response(status),
  reason: 'Moved',
  header: (name) => (name === 'contact' ? contact : undefined),
});

describe('a redirect that is passed on', () => {
  test('reaches the caller with its contacts, and the call goes nowhere else', async () => {
    const { invited, settle, told, routed, seen } = await call({ devices: 2, inTurn: true });
    invited[0]?.events.responded(moved(302, '<sip:c@192.0.2.9>;q=0.7, <sip:d@192.0.2.8>;q=0.2'));
    await settle();
    expect(told).toMatchObject([
      { status: 302, reason: 'Moved', headers: { Contact: '<sip:c@192.0.2.9>;q=0.7, <sip:d@192.0.2.8>;q=0.2' } },
    ]);
    expect(invited).toHaveLength(1);
    expect(routed).toEqual(['a dials b']);
    expect(seen).toEqual(expect.arrayContaining(['released', 'told failed callee rejected', 'disposed']));
  });

  test('waits for the other phones that ring, and one of them may still answer', async () => {
    const { invited, settle, seen } = await call({ devices: 2 });
    invited[0]?.events.responded(moved(301, '<sip:c@192.0.2.9>'));
    await settle();
    expect(seen.filter((line) => line.startsWith('caller '))).toEqual([]);
    invited[1]?.events.responded(response(200));
    await settle();
    expect(seen).toContain('caller 200 v=0 answered');
  });

  test('counts for more than any other failure of the phones that rang with it', async () => {
    const { invited, settle, told } = await call({ devices: 2 });
    invited[0]?.events.responded(moved(302, '<sip:c@192.0.2.9>'));
    invited[1]?.events.responded(response(486));
    await settle();
    expect(told).toMatchObject([{ status: 302 }]);
  });

  test('that does not say where to is a failure like any other', async () => {
    const { invited, settle, told } = await call();
    invited[0]?.events.responded(moved(300));
    await settle();
    expect(told).toMatchObject([{ status: 480 }]);
  });
});

test.each([401, 407])('a phone that wants credentials (%i) refuses the call: nobody has any for it', async (status) => {
  const { invited, settle, told } = await call();
  invited[0]?.events.responded(response(status));
  await settle();
  expect(told).toMatchObject([{ status: 403 }]);
});
