import { CallId, defaultTenant, MediaNodeId } from '@callweave/contracts';
import { beforeEach, expect, test } from 'vitest';
import { type Media } from '../src/call/call-ports.ts';
import { endingMedia } from '../src/call/ending-media.ts';
import { fakeTransfers } from './fake-transfer.ts';

const callId = CallId.parse('0'.repeat(26));
const node = MediaNodeId.parse('127.0.0.1:2223@1');
const question = { tenant: defaultTenant, callId, node, sdp: 'v=0' } as Parameters<Media['offer']>[0];

let seen: string[];
let state: 'talking' | 'lent' | 'over';
/** What happens while the node is asked. */
let meanwhile: () => void;
let media: Media;

beforeEach(() => {
  seen = [];
  state = 'talking';
  meanwhile = () => undefined;
  const asked: Media = {
    offer: ({ sdp }) => {
      seen.push('offered');
      meanwhile();
      return Promise.resolve({ kind: 'anchored', sdp, node });
    },
    answer: () => Promise.reject(new Error('not asked')),
    release: (...released) => {
      seen.push(`released ${String(released[2])}`);
      return Promise.resolve(undefined);
    },
  };
  media = endingMedia(asked, { isLeft: () => state !== 'talking', isOver: () => state === 'over' });
});

test('a session is changed as long as its call goes on', async () => {
  expect(await media.offer(question)).toMatchObject({ kind: 'anchored' });
  expect(seen).toEqual(['offered']);
});

test('nothing is offered for a call that is over or another edge’s', async () => {
  for (const after of ['over', 'lent'] as const) {
    state = after;
    expect(await media.offer(question)).toEqual({ kind: 'no-node' });
  }
  expect(seen).toEqual([]);
});

test('what was offered when the call ended is released again, and is not when another edge has it', async () => {
  meanwhile = () => (state = 'over');
  await media.offer(question);
  state = 'talking';
  meanwhile = () => (state = 'lent');
  await media.offer(question);
  expect(seen).toEqual(['offered', `released ${node}`, 'offered']);
});

test('a call that ends while its session is being changed releases what is offered too late', async () => {
  let anchored = (): void => undefined;
  const world = fakeTransfers({
    offer: ({ sdp }) => new Promise((resolve) => (anchored = () => resolve({ kind: 'anchored', sdp, node }))),
  });
  world.establish('alice', 'bob');
  await world.from('bob', 'INVITE');
  await world.hangsUp('alice');
  const released = (): number => world.seen.filter((line) => line === 'old media released').length;
  expect(released()).toBe(1);
  anchored();
  await world.settle();
  expect(released()).toBe(2);
});
