import { type Application } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { type EstablishedCall } from '../src/call/established-call.ts';
import { MAX_TRANSFERS } from '../src/transfer/transfers.ts';
import { type FakeDeps, fakeTransfers, type FakeTransfers } from './fake-transfer.ts';

const GO_ON_ELSEWHERE = 41;
const server = { applicationServer: () => '192.0.2.8:5060' };

/** Alice, who has called the echo. */
function inApplication(deps: FakeDeps = server): FakeTransfers & { readonly call: EstablishedCall } {
  const world = fakeTransfers(deps);
  return { ...world, call: world.establish('alice', 'application') };
}

/** The same, whose server has just died. */
async function losing(deps: FakeDeps = server): Promise<ReturnType<typeof inApplication>> {
  const world = inApplication(deps);
  world.call.lost('node-lost', 'callee');
  await world.settle();
  return world;
}

/** Another server answers, and alice joins it. */
async function goesOn(world: FakeTransfers): Promise<void> {
  await world.target(200);
  await world.answers('alice', 200);
}

function applicationOf(call: EstablishedCall | undefined): Application | undefined {
  return call?.parts.applications.callee;
}

test('who is in an application that is lost goes on in another one, and hangs up on that', async () => {
  const world = await losing();
  await goesOn(world);
  expect(world.seen).toEqual([
    'target is sent INVITE v=0 alice',
    'target is sent ACK',
    'alice is sent INVITE v=0 target',
    'alice is sent ACK',
    'told transferred callee <sip:b@d>',
    'record repaired',
    'old media released',
    'application is hung up',
  ]);
  expect(applicationOf(world.calls.byId(world.call.parts.callId))).toEqual({ action: 'echo', params: {} });
  world.seen.length = 0;
  await world.hangsUp('alice');
  expect(world.seen).toContain('told ended caller hang-up');
});

test('an application that says it cannot go on is replaced, one that hangs up ends the call', async () => {
  const world = inApplication();
  await world.hangsUp('application', GO_ON_ELSEWHERE);
  await goesOn(world);
  expect(world.seen).toContain('told transferred callee <sip:b@d>');
  const other = inApplication();
  await other.hangsUp('application');
  expect(other.seen).toContain('told ended callee hang-up');
});

test('a phone that says the same is not replaced', async () => {
  const world = fakeTransfers(server);
  world.establish('alice', 'bob');
  await world.hangsUp('bob', GO_ON_ELSEWHERE);
  expect(world.seen).toContain('told ended callee hang-up');
});

test('a server that is not back yet is called again, and for no longer than half a minute', async () => {
  const world = await losing();
  for (let tries = 1; world.call.state === 'talking'; tries++) {
    await world.target(503);
    expect(tries).toBeLessThan(100);
    world.clock.advance(4_000);
    await world.settle();
  }
  expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual(30_000);
  expect(world.seen.slice(-5)).toEqual([
    'new media released',
    'alice is hung up',
    'application is hung up',
    'old media released',
    'told ended platform node-lost',
  ]);
});

test('while nobody can be called from here it is waited for', async () => {
  let reason: string | undefined = 'the bus is away';
  const world = await losing({ ...server, notReady: () => reason });
  expect(world.seen).toEqual([]);
  reason = undefined;
  world.clock.advance(500);
  await world.target(200);
  expect(world.seen).toContain('alice is sent INVITE v=0 target');
});

test('who hangs up while his application is looked for has hung up, and nobody is looked for any more', async () => {
  const world = await losing();
  await world.hangsUp('alice');
  expect(world.seen).toContain('target is sent CANCEL');
  expect(world.seen).toContain('told ended caller hang-up');
  const seen = [...world.seen];
  world.clock.advance(60_000);
  await world.settle();
  expect(world.seen).toEqual(seen);
});

test('an application that is lost again and again ends the call', () => {
  const world = fakeTransfers(server);
  const call = world.establish('alice', 'application', MAX_TRANSFERS);
  call.lost('node-lost', 'callee');
  expect(call.state).toBe('ended');
});

test('a server that answers and is lost before the caller has joined it is no end: another is called', async () => {
  const world = await losing();
  await world.target(200);
  await world.targetHangsUp();
  await world.answers('alice', 200);
  expect(world.seen.slice(-2)).toEqual(['new media released', 'alice is sent INVITE v=0 application']);
  await world.answers('alice', 200);
  world.clock.advance(1_000);
  await goesOn(world);
  expect(world.seen).toContain('told transferred callee <sip:b@d>');
});

test('one that hangs up as usual while another is looked for has ended the call', async () => {
  const world = await losing();
  await world.hangsUp('application');
  expect(world.seen).toContain('told ended callee hang-up');
});

test('what the caller asks of an application that is gone is refused for now, and does not end his dialog', async () => {
  const world = inApplication();
  const asking = world.from('alice', 'INFO');
  await world.answers('application', 481);
  await asking;
  await world.from('alice', 'INVITE');
  await world.answers('application', 481);
  expect(world.seen.filter((line) => line.startsWith('alice is answered'))).toEqual([
    'alice is answered 503',
    'alice is answered 503',
  ]);
  await goesOn(world);
  expect(world.seen).toContain('told transferred callee <sip:b@d>');
});

test('a call whose caller follows to another connection meanwhile has its application looked for once', async () => {
  const world = await losing();
  await world.target(180);
  void world.calls.repair(world.call, world.call.parts);
  await world.settle();
  expect(world.seen).toContain('target is sent CANCEL');
  world.clock.advance(60_000);
  await world.settle();
  expect(world.seen.filter((line) => line.startsWith('target is sent INVITE'))).toHaveLength(1);
});
