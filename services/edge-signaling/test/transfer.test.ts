import { describe, expect, test } from 'vitest';
import { fakeTransfers, type FakeTransfers } from './fake-transfer.ts';

const toCarol = { 'refer-to': '<sip:carol@d>' };

/** Bob, called by alice, sends her to carol, whose phone rings. */
async function sentToCarol(world: FakeTransfers): Promise<void> {
  world.establish('alice', 'bob');
  await world.from('bob', 'REFER', toCarol);
  await world.answers('bob', 200);
  await world.target(180);
  await world.answers('bob', 200);
  world.seen.length = 0;
}

describe('a call that is sent to somebody else', () => {
  test('goes on with him when he answers, and who sent it is told so and hung up', async () => {
    const world = fakeTransfers();
    world.establish('alice', 'bob');
    await world.from('bob', 'REFER', toCarol);
    await world.answers('bob', 200);
    await world.target(180);
    await world.answers('bob', 200);
    await world.target(200);
    await world.answers('alice', 200);
    await world.answers('bob', 200);
    world.clock.advance(2_000);
    expect(world.seen).toEqual([
      "bob's REFER is accepted",
      'bob is sent NOTIFY 100 Trying',
      'target is sent INVITE v=0 alice',
      'bob is sent NOTIFY 180 Ringing',
      'target is sent ACK',
      'alice is sent INVITE v=0 target',
      'alice is sent ACK',
      'told transferred callee <sip:b@d>',
      'record repaired',
      'old media released',
      'bob is sent NOTIFY 200 OK',
      'bob is hung up',
    ]);
    world.seen.length = 0;
    await world.hangsUp('alice');
    expect(world.seen).toEqual([
      'alice is hung up',
      'target is sent BYE',
      'new media released',
      'told ended caller hang-up',
    ]);
  });

  test('has a browser that stays asked first, in media of its own, and then who answered join it there', async () => {
    const world = fakeTransfers();
    world.establish('browser', 'bob');
    await world.from('bob', 'REFER', toCarol);
    await world.target(200);
    await world.answers('browser', 200);
    await world.target(200);
    expect(world.seen.slice(3)).toEqual([
      'target is sent ACK',
      'browser is sent INVITE v=0 target',
      'browser is sent ACK',
      'target is sent INVITE v=0 browser',
      'target is sent ACK',
      'told transferred callee <sip:b@d>',
      'record repaired',
      'old media released',
      'new media released',
    ]);
  });

  test('stays what it was when who answered does not join the browser that stays', async () => {
    const world = fakeTransfers();
    world.establish('browser', 'bob');
    await world.from('bob', 'REFER', toCarol);
    await world.target(200);
    await world.answers('browser', 200);
    await world.target(488);
    await world.answers('browser', 200);
    expect(world.seen.slice(7)).toEqual([
      'new media released',
      'browser is sent INVITE v=0 bob',
      'browser is sent ACK',
      'target is sent BYE',
      'new media released',
    ]);
    expect(world.calls.size).toBe(1);
  });

  test('stays what it was when he refuses', async () => {
    const world = fakeTransfers();
    await sentToCarol(world);
    await world.target(486);
    expect(world.seen).toEqual(['new media released', 'bob is sent NOTIFY 486 Busy Here']);
    await world.answers('bob', 200);
    await world.from('bob', 'INVITE');
    expect(world.seen.at(-1)).toBe('alice is sent INVITE v=0 bob');
  });

  test('stays what it was when it leads nowhere', async () => {
    const world = fakeTransfers();
    world.establish('alice', 'bob');
    await world.from('alice', 'REFER', { 'refer-to': '<sip:nobody@d>' });
    await world.answers('alice', 200);
    expect(world.seen.slice(1)).toEqual(['alice is sent NOTIFY 100 Trying', 'alice is sent NOTIFY 404 Not Found']);
    expect(world.calls.size).toBe(1);
  });

  test('stays what it was when the party that remains does not agree', async () => {
    const world = fakeTransfers();
    await sentToCarol(world);
    await world.target(200);
    await world.answers('alice', 488);
    expect(world.seen.slice(2)).toEqual([
      'new media released',
      'target is sent BYE',
      'new media released',
      'bob is sent NOTIFY 488 Not Acceptable Here',
    ]);
  });

  test('waits for a change of its session that is under way', async () => {
    const world = fakeTransfers();
    await sentToCarol(world);
    await world.from('bob', 'INVITE');
    await world.target(200);
    expect(world.seen).toEqual(['alice is sent INVITE v=0 bob', 'target is sent ACK']);
    await world.answers('alice', 200);
    expect(world.seen.slice(2)).toEqual(['alice is sent ACK', 'bob is answered 200']);
    await world.acknowledges('bob');
    expect(world.seen.at(-1)).toBe('alice is sent INVITE v=0 target');
  });

  test('tries again when the party that remains has an offer of its own on its way', async () => {
    const world = fakeTransfers();
    await sentToCarol(world);
    await world.target(200);
    await world.from('alice', 'INVITE');
    await world.answers('alice', 491);
    expect(world.seen.slice(1)).toEqual(['alice is sent INVITE v=0 target', 'alice is answered 491']);
    world.clock.advance(1_000);
    await world.answers('alice', 200);
    expect(world.seen).toContain('told transferred callee <sip:b@d>');
  });

  test('ends when the party that remains hangs up, and nobody rings any more', async () => {
    const world = fakeTransfers();
    await sentToCarol(world);
    await world.hangsUp('alice');
    expect(world.seen).toEqual([
      'target is sent CANCEL',
      'new media released',
      'bob is sent NOTIFY 487 Request Terminated',
      'alice is hung up',
      'bob is hung up',
      'old media released',
      'told ended caller hang-up',
    ]);
  });

  test('is not over when who sent it hangs up, unless nobody takes it', async () => {
    const world = fakeTransfers();
    await sentToCarol(world);
    await world.hangsUp('bob');
    expect(world.seen).toEqual([]);
    await world.target(486);
    expect(world.seen).toEqual([
      'new media released',
      'alice is hung up',
      'bob is hung up',
      'old media released',
      'told ended callee hang-up',
    ]);
  });

  test('stays what it was when who answered hangs up before he is joined', async () => {
    const world = fakeTransfers();
    await sentToCarol(world);
    await world.from('alice', 'INVITE');
    await world.target(200);
    await world.targetHangsUp();
    await world.answers('bob', 200);
    expect(world.seen).toEqual([
      'bob is sent INVITE v=0 alice',
      'target is sent ACK',
      'target is answered 200',
      'new media released',
      'bob is sent NOTIFY 480 Temporarily Unavailable',
      'bob is sent ACK',
      'alice is answered 200',
    ]);
  });

  test('is another edge’s business when that has taken it over', async () => {
    const world = fakeTransfers();
    await sentToCarol(world);
    for (const call of world.calls.all) call.supersede();
    await world.settle();
    expect(world.seen).toEqual([
      'target is sent CANCEL',
      'new media released',
      'alice is let go of',
      'bob is let go of',
    ]);
  });
});

describe('a REFER', () => {
  test('that comes while another is under way waits for nobody: 491', async () => {
    const world = fakeTransfers();
    await sentToCarol(world);
    await world.from('alice', 'REFER', toCarol);
    await world.from('bob', 'REFER', toCarol);
    expect(world.seen).toEqual(['alice is answered 491', 'bob is answered 491']);
  });

  test('is refused while nobody is called from here, as when this edge is about to end, and the call stays as it is', async () => {
    const state = { isDraining: true };
    const world = fakeTransfers({ notReady: () => (state.isDraining ? 'draining' : undefined) });
    world.establish('alice', 'bob');
    await world.from('bob', 'REFER', toCarol);
    state.isDraining = false;
    await world.from('bob', 'REFER', toCarol);
    expect(world.seen.slice(0, 2)).toEqual(['bob is answered 503', "bob's REFER is accepted"]);
  });

  test('of a party without an account is refused, and so is one more in a call that was sent on too often', async () => {
    const world = fakeTransfers();
    world.establish('alice', 'application');
    await world.from('application', 'REFER', toCarol);
    world.establish('bob', 'carol', 20);
    await world.from('bob', 'REFER', toCarol);
    expect(world.seen).toEqual(['application is answered 403', 'bob is answered 482']);
  });

  test('of somebody who wants no news brings none, and hangs him up', async () => {
    const world = fakeTransfers();
    world.establish('alice', 'bob');
    await world.from('bob', 'REFER', { ...toCarol, 'refer-sub': 'false' });
    await world.target(200);
    await world.answers('alice', 200);
    world.clock.advance(0);
    expect(world.seen.filter((line) => line.startsWith('bob'))).toEqual(["bob's REFER is accepted", 'bob is hung up']);
  });

  test('whose news he refuses ends them, not the transfer', async () => {
    const world = fakeTransfers();
    world.establish('alice', 'bob');
    await world.from('bob', 'REFER', toCarol);
    await world.answers('bob', 481);
    await world.target(180);
    await world.target(200);
    await world.answers('alice', 200);
    expect(world.seen.filter((line) => line.includes('NOTIFY'))).toHaveLength(1);
    expect(world.seen).toContain('told transferred callee <sip:b@d>');
  });
});

describe('who talks to two', () => {
  /** Bob, called by alice, has called carol, and sends alice to her. */
  async function joined(world: FakeTransfers): Promise<void> {
    world.establish('alice', 'bob');
    world.establish('bob2', 'carol');
    await world.from('bob', 'REFER', { 'refer-to': world.referTo('bob2') });
    await world.answers('bob', 200);
  }

  test('joins them: each call ends once, one of them with those two', async () => {
    const world = fakeTransfers();
    await joined(world);
    await world.answers('carol', 200);
    await world.answers('alice', 200);
    expect(world.seen).toEqual([
      "bob's REFER is accepted",
      'bob is sent NOTIFY 100 Trying',
      'carol is sent INVITE v=0 alice',
      'carol is sent ACK',
      'alice is sent INVITE v=0 carol',
      'alice is sent ACK',
      'told transferred callee <sip:carol@d>',
      'record repaired',
      'bob2 is hung up',
      'old media released',
      'bob is sent NOTIFY 200 OK',
      'old media released',
      'told ended caller hang-up',
    ]);
    world.seen.length = 0;
    await world.hangsUp('carol');
    expect(world.seen.at(-1)).toBe('told ended callee hang-up');
    expect(world.calls.size).toBe(0);
  });

  test('stays in both calls when one of the two does not agree', async () => {
    const world = fakeTransfers();
    await joined(world);
    await world.answers('carol', 200);
    await world.answers('alice', 488);
    // Carol has agreed to talk to alice, and is asked to come back.
    await world.answers('carol', 200);
    expect(world.seen.slice(5)).toEqual([
      'new media released',
      'bob is sent NOTIFY 488 Not Acceptable Here',
      'new media released',
      'carol is sent INVITE v=0 bob2',
      'carol is sent ACK',
    ]);
    expect(world.calls.size).toBe(2);
  });

  test('stays in the one call when the other is over before', async () => {
    const world = fakeTransfers();
    await joined(world);
    await world.hangsUp('carol');
    await world.answers('carol', 481);
    expect(world.seen.slice(3)).toEqual([
      'bob is sent NOTIFY 480 Temporarily Unavailable',
      'bob2 is hung up',
      'carol is hung up',
      'old media released',
      'told ended callee hang-up',
      'new media released',
    ]);
    expect(world.calls.size).toBe(1);
  });

  test('is told so when there is no other call', async () => {
    const world = fakeTransfers();
    world.establish('alice', 'bob');
    const unknown = '<sip:carol@d?Replaces=c%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs>';
    await world.from('bob', 'REFER', { 'refer-to': unknown });
    await world.answers('bob', 200);
    expect(world.seen.slice(1)).toEqual([
      'bob is sent NOTIFY 100 Trying',
      'bob is sent NOTIFY 481 Call/Transaction Does Not Exist',
    ]);
  });
});

describe('an INVITE in the place of a party', () => {
  test('has it when the other one agrees', async () => {
    const world = fakeTransfers();
    world.establish('alice', 'bob');
    await world.takesPlaceOf('bob');
    await world.answers('alice', 200);
    expect(world.seen).toEqual([
      'alice is sent INVITE v=0 newcomer',
      'alice is sent ACK',
      'told transferred callee <sip:a@d>',
      'record repaired',
      'old media released',
      'newcomer is answered 200 v=0 alice',
      'bob is hung up',
    ]);
  });

  test('is refused as the other one refuses', async () => {
    const world = fakeTransfers();
    world.establish('alice', 'bob');
    await world.takesPlaceOf('bob');
    await world.answers('alice', 488);
    expect(world.seen.slice(1)).toEqual(['new media released', 'newcomer is answered 488']);
    expect(world.calls.size).toBe(1);
  });

  test('is refused while somebody else is about to have it, and without an offer', async () => {
    const world = fakeTransfers();
    await sentToCarol(world);
    await world.takesPlaceOf('bob');
    await world.target(486);
    await world.takesPlaceOf('bob', { sdp: undefined });
    expect(world.seen.filter((line) => line.startsWith('newcomer'))).toEqual([
      'newcomer is answered 491',
      'newcomer is answered 488',
    ]);
  });
});
