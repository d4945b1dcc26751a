import { MediaNodeId } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { callNumber, openPool, settled } from './fake-node.ts';

const CALLS = Array.from({ length: 200 }, (_, n) => callNumber(n));

describe('the pool of media nodes', () => {
  test('calls are spread over all nodes, and every replica draws the same', async () => {
    const one = await openPool(4);
    const two = await openPool(4);
    const drawn = CALLS.map((call) => one.pool.candidates(call).map(({ address }) => address));
    expect(CALLS.map((call) => two.pool.candidates(call).map(({ address }) => address))).toEqual(drawn);
    for (const { address } of one.nodes) {
      expect(drawn.filter(([first]) => first === address).length).toBeGreaterThan(25);
    }
  });

  test('of the two nodes a call draws the one with less to do takes it', async () => {
    const { pool, node, second } = await openPool(2);
    node('a:1').extraSessions = 10;
    await second();
    expect(new Set(CALLS.map((call) => pool.candidates(call)[0]?.address))).toEqual(new Set(['b:1']));
  });

  test('calls put on a node count before it reports them', async () => {
    const { pool } = await openPool(2);
    for (const callId of CALLS) {
      await pool.candidates(callId)[0]?.offer({ callId, fromLeg: 'x', sdp: 'v=0', profile: 'rtp' }, 100);
    }
    expect(pool.nodes.map(({ load }) => load)).toEqual([100, 100]);
    expect(pool.sessions).toBe(200);
  });

  test('a node that misses once is used last, and one that misses twice is down until it answers twice', async () => {
    const { pool, node, second, events } = await openPool(2);
    const seen: string[] = [];
    const note = (): void => void seen.push(pool.nodes.map(({ health }) => health).join(' '));
    node('a:1').isFrozen = true;
    for (let i = 0; i < 3; i++) {
      await second();
      note();
      expect(CALLS.every((call) => pool.candidates(call)[0]?.address === 'b:1')).toBe(true);
    }
    node('a:1').isFrozen = false;
    for (let i = 0; i < 2; i++) {
      await second();
      note();
    }
    expect(seen).toEqual(['shaky up', 'down up', 'down up', 'returning up', 'up up']);
    expect(events()).toEqual(['node.up a:1', 'node.up b:1', 'node.down a:1', 'node.up a:1']);
  });

  test('a node that misses every other second is not called down and up again', async () => {
    const { node, second, events } = await openPool(1);
    for (let i = 0; i < 10; i++) {
      node('a:1').isFrozen = i % 2 === 0;
      await second();
    }
    expect(events()).toEqual(['node.up a:1']);
  });

  test('when all nodes seem down they are still tried', async () => {
    const { pool, nodes, second } = await openPool(2);
    for (const node of nodes) node.isFrozen = true;
    for (let i = 0; i < 3; i++) await second();
    expect(pool.upCount).toBe(0);
    expect(pool.candidates(callNumber(1))).toHaveLength(2);
  });

  test('a node that has never answered takes no call, and takes them once it does', async () => {
    const { pool, node, second } = await openPool(1);
    const never = await openPool(0);
    expect(never.pool.candidates(callNumber(1))).toEqual([]);
    expect(pool.find(MediaNodeId.parse('z:1@5'))).toBeUndefined();
    node('a:1').isFrozen = true;
    await second();
    expect(pool.nodes[0]?.id).toBeDefined();
  });

  test('the life of a node is its address and the second of its start, and stays the same while it runs', async () => {
    const { pool, second, nodes } = await openPool(1);
    const id = pool.nodes[0]?.id;
    expect(id).toBe('a:1@999900');
    for (let i = 0; i < 20; i++) await second();
    expect(pool.nodes[0]?.id).toBe(id);
    // An uptime is in whole seconds, and a report may be late.
    for (const node of nodes) node.uptimeSec -= 1;
    await second();
    expect(pool.nodes[0]?.id).toBe(id);
  });

  test('ids that other replicas read off their clocks mean the same life, those of a life before do not', async () => {
    const { pool } = await openPool(1);
    const found = ['a:1@999897', 'a:1@999903', 'a:1@999896', 'a:1@999904', 'a:2@999900', 'b:1@999900'].map(
      (id) => pool.find(MediaNodeId.parse(id)) !== undefined,
    );
    expect(found).toEqual([true, true, false, false, false, false]);
  });

  test.each([
    ['at once', 0],
    ['with a younger uptime', 60],
    ['with an uptime that grew, but less than time went by', 110],
  ])('a node that was restarted is another one, seen %s', async (_when, uptimeSec) => {
    const { pool, node, clock, second, events } = await openPool(1);
    const before = pool.nodes[0]?.id ?? MediaNodeId.parse('a:1@0');
    node('a:1').isFrozen = true;
    clock.advance(120_000);
    await settled();
    node('a:1').isFrozen = false;
    node('a:1').uptimeSec = uptimeSec;
    await second();
    expect(pool.nodes[0]?.id).not.toBe(before);
    expect(pool.find(before)).toBeUndefined();
    expect(events()).toContain('node.restarted a:1');
  });

  test('of a node that was restarted before anybody missed it the life before is over, and the new one is up', async () => {
    const { pool, node, second, told } = await openPool(1);
    const before = pool.nodes[0]?.id ?? '';
    for (let i = 0; i < 5; i++) await second();
    node('a:1').uptimeSec = 0;
    await second();
    expect(told).toEqual([`up ${before}`, `over ${before}`, `up ${pool.nodes[0]?.id ?? ''}`]);
    expect(pool.nodes[0]?.health).toBe('up');
  });

  test('commands that a busy node leaves unanswered do not make it down: what it reports does', async () => {
    const { pool, node, second, told } = await openPool(1);
    const [a] = pool.nodes;
    node('a:1').isFrozen = true;
    for (let i = 0; i < 5; i++) await a?.query('x', 100);
    expect(a?.health).toBe('shaky');
    await second();
    expect(told.at(-1)).toBe(`down ${a?.id ?? ''}`);
  });

  test('reports that come late because we stood still are not held against the node', async () => {
    const { pool, node, clock, told } = await openPool(1);
    for (let i = 0; i < 3; i++) {
      node('a:1').report = async () => {
        await Promise.resolve();
        clock.advance(2_000);
        return { kind: 'silent' };
      };
      clock.advance(500);
      await settled();
    }
    expect([pool.nodes[0]?.health, told]).toEqual(['up', ['up a:1@999900']]);
  });

  test('a node is not asked again while it still has a question in hand', async () => {
    const { clock, node, second, pool } = await openPool(1);
    let reports = 0;
    node('a:1').report = () => {
      reports += 1;
      return new Promise(() => undefined);
    };
    for (let i = 0; i < 5; i++) await second();
    expect(reports).toBe(1);
    pool.close();
    expect([clock.pending, node('a:1').asked]).toEqual([0, ['close']]);
  });
});
