import { FakeClock } from '@callweave/clock/testing';
import { MediaNodeId } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { type EstablishedCall } from '../src/call/established-call.ts';
import { type Moved } from '../src/re-anchor/move-call.ts';
import { NodeLives } from '../src/re-anchor/node-lives.ts';
import { ReAnchoring } from '../src/re-anchor/re-anchoring.ts';
import { fakeTransfers } from './fake-transfer.ts';

const dead = MediaNodeId.parse('127.0.0.1:2223@1');

/** Calls on the node that dies; `talk` makes one, and `outcomes` says what comes of the next attempts. */
function world() {
  const transfers = fakeTransfers();
  const { calls } = transfers;
  const clock = new FakeClock();
  const log = recordLogs();
  const lives = new NodeLives();
  const moved: string[] = [];
  const outcomes: (Moved | 'no answer')[] = [];
  const state = { isCurrent: true };
  const names = new Map<EstablishedCall, string>();
  const reAnchoring = new ReAnchoring({
    calls,
    lives,
    isCurrent: () => state.isCurrent,
    move: (call) => {
      moved.push(`${names.get(call) ?? '?'} at ${String(clock.monotonicMs())}`);
      const outcome = outcomes.shift() ?? { kind: 'moved' };
      if (outcome === 'no answer') return new Promise((resolve) => call.onLeft(() => resolve({ kind: 'over' })));
      if (outcome.kind === 'moved') {
        const node = MediaNodeId.parse('127.0.0.1:2224@9');
        call.move({ node, mediaId: call.parts.callId, session: call.session });
      }
      return Promise.resolve(outcome);
    },
    clock,
    log,
  });
  const tell = (isUp: boolean, node = dead): void => {
    lives.note(node, isUp);
    reAnchoring.nodesChanged();
  };
  return {
    reAnchoring,
    moved,
    outcomes,
    state,
    log,
    tell,
    pass: async (ms: number) => {
      for (let left = ms; left > 0; left -= 20) {
        clock.advance(20);
        await transfers.settle();
      }
    },
    talk: (name: string, heldBy?: 'caller') => {
      const call = transfers.establish(`${name} caller`, `${name} callee`);
      names.set(call, name);
      if (heldBy !== undefined) {
        const { session, parts } = call;
        const held = { ...session, caller: { ...session.caller, holds: true } };
        call.move({ node: dead, mediaId: parts.mediaId ?? parts.callId, session: held });
      }
      return call;
    },
  };
}

test('the calls of a node that is down are moved one after the other, 50 a second', async () => {
  const { talk, tell, pass, moved } = world();
  for (const name of ['a', 'b', 'c']) talk(name);
  await pass(1_000);
  expect(moved).toEqual([]);
  tell(false);
  await pass(200);
  expect(moved).toEqual(['a at 1020', 'b at 1040', 'c at 1060']);
});

test('those who talk come before those who are kept on hold', async () => {
  const { talk, tell, pass, moved } = world();
  talk('held', 'caller');
  talk('talking');
  tell(false);
  await pass(200);
  expect(moved).toEqual(['talking at 20', 'held at 40']);
});

test('a node that is back with its calls before their turn keeps them', async () => {
  const { talk, tell, pass, moved, reAnchoring } = world();
  talk('a');
  talk('b');
  tell(false);
  await pass(20);
  tell(true);
  await pass(200);
  expect(moved).toEqual(['a at 20']);
  expect(reAnchoring.size).toBe(0);
});

test('a call that finds no node waits for one, and is moved as soon as one comes', async () => {
  const { talk, tell, pass, moved, outcomes, reAnchoring } = world();
  talk('a');
  outcomes.push({ kind: 'no-node' });
  tell(false);
  await pass(500);
  expect([moved, reAnchoring.size]).toEqual([['a at 20'], 1]);
  tell(true, MediaNodeId.parse('127.0.0.1:2223@100'));
  await pass(100);
  expect([moved, reAnchoring.size]).toEqual([['a at 20', 'a at 520'], 0]);
});

test('a phone that refuses is asked three times and then left in peace, in a call that stays up', async () => {
  const { talk, tell, pass, moved, outcomes, reAnchoring } = world();
  const call = talk('a');
  for (let i = 0; i < 5; i++) outcomes.push({ kind: 'refused', status: 488, agreed: undefined });
  tell(false);
  await pass(20_000);
  tell(true, MediaNodeId.parse('127.0.0.1:9999@1'));
  await pass(1_000);
  expect(moved).toEqual(['a at 20', 'a at 2040', 'a at 4060']);
  expect([call.state, reAnchoring.size]).toEqual(['talking', 0]);
});

test('a call of which one side alone came along is tried again, though its node is there', async () => {
  const { talk, tell, pass, moved, outcomes } = world();
  talk('a');
  outcomes.push({ kind: 'refused', status: 500, agreed: 'callee' });
  tell(false);
  await pass(20);
  tell(true);
  await pass(6_000);
  expect(moved).toHaveLength(2);
});

test('nothing is done about what was told long ago and may have been taken back since', async () => {
  const { talk, tell, pass, moved, state } = world();
  talk('a');
  state.isCurrent = false;
  tell(false);
  await pass(200);
  tell(true);
  state.isCurrent = true;
  await pass(200);
  expect(moved).toEqual([]);
});

test('a call that is taken over after its node was lost is moved like the others', async () => {
  const { talk, tell, pass, moved, reAnchoring } = world();
  tell(false);
  const call = talk('a');
  reAnchoring.consider(call);
  await pass(100);
  expect(moved).toEqual(['a at 20']);
});

test('an edge that ends leaves the call that it is moving to whoever takes it over, and moves no more', async () => {
  const { talk, tell, pass, moved, outcomes, reAnchoring } = world();
  const [first, second] = [talk('a'), talk('b')];
  outcomes.push('no answer');
  tell(false);
  await pass(20);
  await reAnchoring.drain();
  await pass(200);
  expect(moved).toEqual(['a at 20']);
  expect([first.state, second.state]).toEqual(['ended', 'talking']);
});
