import { describe, expect, test } from 'vitest';
import { CALLS, TwoEdges } from '../support/two-edges.ts';

const edges = new TwoEdges();

describe('two edges behind one address', () => {
  test('when one is killed, the other takes the BYEs of its calls, hangs the other sides up and ends each once', async () => {
    edges.expectAllContent(
      await edges.talkThrough(async () => {
        await edges.first.kill();
        edges.router.routeTo(edges.second.address);
      }),
    );
    expect((await edges.expectAllEnded()).size).toBe(1);
    expect(await edges.adopted(edges.second)).toBe(CALLS);
  });

  test('when one is killed and both sides of its calls hang up at the same moment, each call ends once', async () => {
    await edges.talkThrough(
      async () => {
        await edges.first.kill();
        edges.router.routeTo(edges.second.address);
      },
      { bothHangUp: true },
    );
    expect(edges.router.count('phone', edges.second.address, 'BYE ')).toBeGreaterThan(CALLS);
    // SIPp fails a call whose BYE comes in the very moment it sends its own; what it was answered is what counts.
    for (const refusal of ['SIP/2.0 4', 'SIP/2.0 5'])
      expect(edges.router.count('edge', edges.second.address, refusal)).toBe(0);
    expect((await edges.expectAllEnded()).size).toBe(1);
    expect(await edges.adopted(edges.second)).toBe(CALLS);
  });

  test('when one is stopped, it does not wait for its calls, and the other goes on with them', async () => {
    const results = await edges.talkThrough(async () => {
      await edges.first.kill(undefined, 'SIGTERM');
      edges.router.routeTo(edges.second.address);
    });
    edges.expectAllContent(results);
    await edges.expectAllEnded();
    expect(await edges.adopted(edges.second)).toBe(CALLS);
  });

  test('while the owner lives, the other passes it what arrives there, and takes nothing over', async () => {
    edges.expectAllContent(await edges.talkThrough(() => edges.router.routeTo(edges.second.address)));
    expect((await edges.expectAllEnded()).size).toBe(1);
    expect(await edges.adopted(edges.second)).toBe(0);
    expect(edges.router.count('edge', edges.second.address, 'BYE ')).toBe(0);
    // Those of all calls before it, too.
    await edges.expectBooksBalance();
  });
});
