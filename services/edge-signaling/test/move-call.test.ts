import { MediaNodeId } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { type Media } from '../src/call/call-ports.ts';
import { type LeftWord } from '../src/call/left-calls.ts';
import { Networks } from '../src/networks.ts';
import { type Moved, moveCall } from '../src/re-anchor/move-call.ts';
import { type FakeTransfers, fakeTransfers } from './fake-transfer.ts';

const newNode = MediaNodeId.parse('127.0.0.1:2224@5');

interface World extends FakeTransfers {
  /** What the next edge at this place would find. */
  readonly left: readonly LeftWord[];
  /** Moves the call of these two to the new node; what came of it, once that is known. */
  move(
    caller?: string,
    callee?: string,
  ): {
    readonly result: () => Moved | undefined;
    readonly node: () => string | undefined;
  };
}

/** What is offered by way of the new node is marked as such; a call that `isTaken` is so in the moment in which it is moved. */
function world({ hasNode = true, isTaken = false }: { hasNode?: boolean; isTaken?: boolean } = {}): World {
  const transfers = fakeTransfers();
  const { calls, clock, seen } = transfers;
  const pass = ({ sdp }: { sdp: string }) => {
    const said = sdp.replace('v=0 ', '').trim();
    return Promise.resolve(
      hasNode ? ({ kind: 'anchored', sdp: `new ${said}`, node: newNode } as const) : ({ kind: 'no-node' } as const),
    );
  };
  const left: LeftWord[] = [];
  const media: Media = {
    offer: pass,
    answer: pass,
    release: (_tenant, _callId, node) => {
      seen.push(`${node === undefined ? 'any' : node === newNode ? 'new' : 'old'} media released`);
      return Promise.resolve(undefined);
    },
  };
  const move: typeof calls.move = (call, to) => {
    const stored = calls.move(call, to);
    if (isTaken) call.supersede();
    return stored;
  };
  return {
    ...transfers,
    left,
    move: (caller = 'alice', callee = 'bob') => {
      const call = transfers.establish(caller, callee);
      let result: Moved | undefined;
      const doubts = { settle: () => Promise.resolve(true) };
      void moveCall(call, {
        calls: { move },
        media,
        doubts,
        networks: new Networks(undefined),
        leave: (_callId, word) => left.push(word),
        random: () => 0.5,
        clock,
      }).then((moved) => (result = moved));
      return { result: () => result, node: () => call.parts.node };
    },
  };
}

test('both sides of a call are offered the new node, and the old one forgets the call', async () => {
  const two = world();
  const { result, node } = two.move();
  await two.answers('bob', 200);
  await two.answers('alice', 200);
  expect(result()).toEqual({ kind: 'moved' });
  expect(node()).toBe(newNode);
  expect(two.seen).toEqual([
    'bob is sent INVITE new alice',
    'bob is sent ACK',
    'alice is sent INVITE new bob',
    'alice is sent ACK',
    'record repaired',
    'old media released',
  ]);
});

test('where a call is to go is left to the next edge at this place', async () => {
  const two = world();
  const { result } = two.move();
  await two.settle();
  const movesTo = expect.stringMatching(/^[0-9A-Z]{26}$/) as string;
  expect(two.left).toEqual([{ tenant: 'default', movesTo, atMs: two.clock.epochMs() }]);
  await two.answers('bob', 200);
  await two.answers('alice', 200);
  expect(result()).toEqual({ kind: 'moved' });
});

test('a browser is asked first, whichever side it is on', async () => {
  const two = world();
  two.move('browser', 'bob');
  await two.answers('browser', 200);
  await two.answers('bob', 200);
  expect(two.seen.filter((line) => line.includes('INVITE'))).toEqual([
    'browser is sent INVITE new bob',
    'bob is sent INVITE new browser',
  ]);
});

test('with no node to go to nobody is asked, and the call stays what it was', async () => {
  const two = world({ hasNode: false });
  const { result, node } = two.move();
  await two.settle();
  expect(result()).toEqual({ kind: 'no-node' });
  expect([two.seen, node()]).toEqual([[], '127.0.0.1:2223@1']);
});

test('whoever is asked first and refuses is not hung up, and nothing is left on the new node', async () => {
  const two = world();
  const { result, node } = two.move();
  await two.answers('bob', 488);
  expect(result()).toEqual({ kind: 'refused', status: 488, agreed: undefined });
  expect(node()).toBe('127.0.0.1:2223@1');
  expect(two.seen).toEqual(['bob is sent INVITE new alice', 'new media released']);
});

test('when the second refuses the call stays up, where the first one is', async () => {
  const two = world();
  const { result, node } = two.move();
  await two.answers('bob', 200);
  await two.answers('alice', 500);
  expect(result()).toEqual({ kind: 'refused', status: 500, agreed: 'callee' });
  expect(node()).toBe(newNode);
  expect(two.seen).not.toContain('alice is hung up');
});

test('a phone that changes its session itself at that moment is asked again', async () => {
  const two = world();
  const { result } = two.move();
  await two.answers('bob', 491);
  expect(result()).toBeUndefined();
  two.clock.advance(1_000);
  await two.settle();
  await two.answers('bob', 200);
  await two.answers('alice', 200);
  expect(result()).toEqual({ kind: 'moved' });
  expect(two.seen.filter((line) => line === 'bob is sent INVITE new alice')).toHaveLength(2);
});

test('meanwhile a change that a phone asks for is told to come back', async () => {
  const two = world();
  two.move();
  await two.from('alice', 'INVITE');
  expect(two.seen).toContain('alice is answered 491');
  await two.answers('bob', 200);
  await two.answers('alice', 200);
});

test('a call that ends meanwhile takes nothing on the new node with it', async () => {
  const two = world();
  const { result } = two.move();
  await two.hangsUp('alice');
  await two.answers('bob', 200);
  expect(result()).toEqual({ kind: 'over' });
  expect(two.seen).toContain('new media released');
  expect(two.seen.filter((line) => line.startsWith('alice is sent'))).toEqual([]);
});

test('one that ends before a phone has answered does not wait for it, and takes nothing on any node with it', async () => {
  const two = world();
  const { result } = two.move();
  await two.settle();
  expect(two.seen).toEqual(['bob is sent INVITE new alice']);
  await two.hangsUp('alice');
  expect(result()).toEqual({ kind: 'over' });
  expect(two.seen).toContain('any media released');
});

test('one that another edge takes when it has just been moved keeps its media', async () => {
  const two = world({ isTaken: true });
  two.move();
  await two.answers('bob', 200);
  await two.answers('alice', 200);
  expect(two.seen.filter((line) => line.endsWith('released'))).toEqual(['old media released']);
});
