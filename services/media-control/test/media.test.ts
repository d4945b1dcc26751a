import { type AskedContext } from '@callweave/bus';
import { InstanceId } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { answerAnswer } from '../src/answer.ts';
import { answerOffer } from '../src/offer.ts';
import { answerNodes, answerQuery } from '../src/query.ts';
import { answerRelease } from '../src/release.ts';
import { openPool, questionsAbout } from './fake-node.ts';

const observer = InstanceId.parse('abcdefghijklmnop');
const IN_TIME: AskedContext = { leftMs: 4_000, isRepeated: false, isAwaited: () => true };

/** A pool with its handlers; the call number 1 draws `first` before `other`. */
async function openMedia(size = 2) {
  const opened = await openPool(size);
  const { pool, clock, log } = opened;
  const stale = { value: false };
  const deps = { pool, clock, log, mayBeStale: () => stale.value };
  const { offer, answer, about } = questionsAbout(1);
  const [first, other] = pool.candidates(offer.callId);
  if (first === undefined) throw new Error('no node');
  return {
    ...opened,
    stale,
    first: opened.node(first.address),
    other: opened.node(other?.address ?? first.address),
    id: first.id ?? '',
    offer: (more: object = {}, context = IN_TIME) => answerOffer(deps).handle({ ...offer, ...more }, context),
    answer: (node: string) => answerAnswer(deps).handle({ ...answer, node }, IN_TIME),
    release: (node: string) => answerRelease(deps).handle({ ...about, node }, IN_TIME),
    query: (node: string) => answerQuery(deps).handle({ ...about, node }, IN_TIME),
    nodes: () => answerNodes({ pool, observer }).handle({}, IN_TIME),
  };
}

describe('anchoring an offer', () => {
  test('the first offer of a call goes to the node it draws, and the answer names it', async () => {
    const { offer, first, id } = await openMedia();
    expect(await offer()).toEqual({ kind: 'anchored', sdp: 'v=0 node', node: id });
    expect(first.asked).toEqual(['offer 200']);
  });

  test('a node that does not answer is passed over, and told to forget the call when it does', async () => {
    const { offer, first, other, second } = await openMedia();
    first.isFrozen = true;
    expect(await offer()).toMatchObject({ kind: 'anchored', node: expect.stringContaining(other.address) as string });
    expect(first.calls.size).toBe(1);
    await second();
    expect(first.calls.size).toBe(1);
    first.isFrozen = false;
    await second();
    expect([first.calls.size, other.calls.size]).toEqual([0, 1]);
  });

  test('a node that comes back is not told to forget a call it was given since', async () => {
    const { offer, first, other, second } = await openMedia();
    first.isFrozen = other.isFrozen = true;
    expect(await offer()).toEqual({ kind: 'no-node' });
    first.isFrozen = false;
    other.isFrozen = false;
    await offer();
    await second();
    expect(first.calls.size + other.calls.size).toBe(1);
  });

  test('a node that is full is passed over, and told to forget the call', async () => {
    const { offer, first, other, second } = await openMedia();
    first.reply = { kind: 'refused', reason: 'Ran out of ports' };
    expect(await offer()).toMatchObject({ kind: 'anchored', node: expect.stringContaining(other.address) as string });
    await second();
    expect([first.calls.size, other.calls.size]).toEqual([0, 1]);
  });

  test('a node that was passed over keeps the call when the asker has turned to another replica in the meantime', async () => {
    const { offer, first, other, second } = await openMedia();
    first.isFrozen = true;
    await offer({}, { ...IN_TIME, isAwaited: () => false });
    // The other replica finds it there again, and gives it the call.
    first.isFrozen = false;
    await second();
    expect([first.calls.size, other.calls.size]).toEqual([1, 1]);
    await offer({}, { leftMs: 4_000, isRepeated: true, isAwaited: () => false });
    await second();
    expect(first.calls.size + other.calls.size).toBe(2);
  });

  test('when no node takes it there is none, and each was tried once', async () => {
    const { offer, node, pool, log } = await openMedia(3);
    const nodes = pool.nodes.map(({ address }) => node(address));
    for (const node of nodes) node.isFrozen = true;
    expect(await offer()).toEqual({ kind: 'no-node' });
    expect(nodes.map(({ asked }) => asked)).toEqual([['offer 200'], ['offer 200'], ['offer 200']]);
    expect(log.lines.at(-1)?.event).toBe('offer.no-node');
  });

  test('a question that is asked again leaves the call at no other node than the one its answer names', async () => {
    const { offer, first, other, second } = await openMedia();
    await offer();
    // Nobody has heard of that, and by now the other has less to do.
    first.extraSessions = 1_000;
    await second();
    expect(await offer({}, { ...IN_TIME, isRepeated: true })).toMatchObject({
      node: expect.stringContaining(other.address) as string,
    });
    expect([first.calls.size, other.calls.size]).toEqual([1, 1]);
    await second();
    expect([first.calls.size, other.calls.size]).toEqual([0, 1]);
  });

  test('an SDP nobody can use is refused without trying elsewhere, and leaves nothing behind', async () => {
    const { offer, first, other } = await openMedia();
    first.reply = { kind: 'unusable', reason: 'Failed to parse SDP' };
    expect(await offer()).toEqual({ kind: 'unusable', reason: 'Failed to parse SDP' });
    expect([first.calls.size, other.asked]).toEqual([0, []]);
  });

  test('nothing is tried for an asker who has given up', async () => {
    const { offer, first } = await openMedia();
    expect(await offer({}, { ...IN_TIME, leftMs: 0 })).toEqual({ kind: 'no-node' });
    expect(first.asked).toEqual([]);
  });

  test('an asker in a hurry gets no more patience than he has', async () => {
    const { offer, first } = await openMedia();
    await offer({}, { ...IN_TIME, leftMs: 50 });
    expect(first.asked).toEqual(['offer 50']);
  });

  test('a later offer goes to the node that holds the call, however much it has to do', async () => {
    const { offer, first, other, id, second } = await openMedia();
    first.extraSessions = 1_000;
    await second();
    expect(await offer({ node: id })).toEqual({ kind: 'anchored', sdp: 'v=0 node', node: id });
    expect([first.asked, other.asked]).toEqual([['offer 1000'], []]);
  });

  test('a later offer to a node that is gone, frozen or another by now is refused', async () => {
    const { offer, first, other, id, second, clock } = await openMedia();
    expect(await offer({ node: 'elsewhere:9@1' })).toEqual({ kind: 'no-node' });
    first.isFrozen = true;
    expect(await offer({ node: id })).toEqual({ kind: 'no-node' });
    first.isFrozen = false;
    clock.advance(60_000);
    first.uptimeSec = 1;
    await second();
    expect(await offer({ node: id })).toEqual({ kind: 'no-node' });
    expect(other.asked).toEqual([]);
  });

  test('an unusable later offer leaves the call where it is', async () => {
    const { offer, first, id } = await openMedia();
    await offer();
    first.reply = { kind: 'unusable', reason: 'Failed to parse SDP' };
    expect(await offer({ node: id })).toMatchObject({ kind: 'unusable' });
    expect(first.calls.size).toBe(1);
  });

  test('a replica that stood still leaves first offers to the others, but nothing else', async () => {
    const { offer, answer, release, first, id, stale } = await openMedia();
    await offer();
    stale.value = true;
    await expect(offer()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect(await answer(id)).toMatchObject({ kind: 'anchored' });
    expect(await release(id)).toMatchObject({ found: true });
    expect(first.asked.filter((question) => question.startsWith('offer'))).toHaveLength(1);
  });
});

describe('completing an offer', () => {
  test('the answer goes to the node that holds the call', async () => {
    const { offer, answer, id, first } = await openMedia();
    await offer();
    expect(await answer(id)).toEqual({ kind: 'anchored', sdp: 'v=0 node', node: id });
    expect(first.asked.at(-1)).toBe('answer 1000');
  });

  test('a call the node does not know, and a node that is gone, are no node', async () => {
    const { answer, id } = await openMedia();
    expect(await answer(id)).toEqual({ kind: 'no-node' });
    expect(await answer('elsewhere:9@1')).toEqual({ kind: 'no-node' });
  });

  test('what was anchored in the name of a life that was over by then is completed in the name of the next', async () => {
    const { offer, answer, id, first, second } = await openMedia();
    first.uptimeSec = 0;
    expect(await offer()).toMatchObject({ kind: 'anchored', node: id });
    await second();
    expect(await answer(id)).toMatchObject({ kind: 'anchored', node: `${first.address}@1000000` });
  });

  test('an answer that cannot be used is told as such', async () => {
    const { offer, answer, id, first } = await openMedia();
    await offer();
    first.reply = { kind: 'unusable', reason: 'Failed to parse SDP' };
    expect(await answer(id)).toMatchObject({ kind: 'unusable' });
  });
});

describe('releasing and asking', () => {
  test('a release tells what was relayed, and the same again is no error', async () => {
    const { offer, release, query, id, first } = await openMedia();
    const statistics = { packets: 7, bytes: 700, errors: 0 };
    await offer();
    expect(await query(id)).toEqual({ found: true, statistics });
    expect(await release(id)).toEqual({ found: true, statistics, sides: [] });
    expect(first.calls.size).toBe(0);
    expect(await release(id)).toEqual({ found: false });
    expect(await query(id)).toEqual({ found: false });
    expect(await query('elsewhere:9@1')).toEqual({ found: false });
  });

  test('a release that a node does not hear is made up for when it answers', async () => {
    const { offer, release, id, first, second } = await openMedia();
    await offer();
    first.isFrozen = true;
    expect(await release(id)).toEqual({ found: false });
    expect(first.asked.slice(1)).toEqual(['query']);
    first.isFrozen = false;
    await second();
    expect(first.calls.size).toBe(0);
  });

  test('what a life before did not hear the life after is told, which knows nothing of it', async () => {
    const { offer, release, id, first, second, clock } = await openMedia();
    await offer();
    first.isFrozen = true;
    await release(id);
    first.isFrozen = false;
    clock.advance(60_000);
    first.uptimeSec = 0;
    await second();
    expect(first.asked.filter((question) => question === 'delete')).toEqual(['delete']);
    expect(await release(id)).toEqual({ found: false });
  });

  test('a life that another replica has seen already is found here too', async () => {
    const { release, first, pool } = await openMedia();
    const { offer } = questionsAbout(1);
    first.uptimeSec = 0;
    first.calls.add(offer.callId);
    expect(await release(`${first.address}@1000000`)).toMatchObject({ found: true });
    expect(pool.nodes.map(({ id }) => id)).toContain(`${first.address}@1000000`);
  });

  test('what was anchored in the name of a life that was over by then is released too', async () => {
    const { offer, release, id, first, second } = await openMedia();
    first.uptimeSec = 0;
    expect(await offer()).toMatchObject({ kind: 'anchored', node: id });
    await second();
    expect(await release(id)).toEqual({ found: false });
    await second();
    expect(first.calls.size).toBe(0);
  });

  test('operators see every node with its life, health and load', async () => {
    const { offer, nodes, first, other, second } = await openMedia();
    await offer();
    other.isFrozen = true;
    await second();
    await second();
    const answer = (await nodes()) as { nodes: object[] };
    expect(answer.nodes).toHaveLength(2);
    expect(answer.nodes).toContainEqual({
      address: first.address,
      node: `${first.address}@999900`,
      up: true,
      sessions: 1,
    });
    expect(answer.nodes).toContainEqual({
      address: other.address,
      node: `${other.address}@999900`,
      up: false,
      sessions: 0,
    });
  });
});
