import { type Connection } from '@callweave/bus';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startBaresip } from '../support/baresip.ts';
import { callKinds, endedBy, lastCause, openCalls, storedRecords } from '../support/call-facts.ts';
import { CallLoad, type TalkOptions } from '../support/call-load.ts';
import { type EdgePair, startEdgePair } from '../support/edge-pair.ts';
import { freePortOn } from '../support/free-port.ts';
import { takeLoadTurn } from '../support/load-turn.ts';
import { mediaSessions } from '../support/media-sessions.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { type SippResult } from '../support/sipp.ts';
import { openUdpRouter, type UdpRouter } from '../support/udp-router.ts';
import { until } from '../support/until.ts';

const CALLS = 20;
/** Long enough for all calls to be answered and the blow to fall on a slow machine. */
const TALK_MS = 12_000;
const SHARED = '127.0.0.10';
const OWN = ['127.0.0.11', '127.0.0.12'] as const;
const wholeCall = ['initiated', 'routed', 'ringing', 'answered', 'ended'];

let platform: Platform;
let endTurn = (): void => undefined;
let bus: Connection;
let router: UdpRouter;
let first: EdgePair;
let second: EdgePair;
let load: CallLoad;
let before: ReadonlyMap<string, unknown>;

beforeAll(async () => {
  endTurn = await takeLoadTurn();
  platform = await startPlatform();
  bus = await platform.bus();
}, 420_000);

afterAll(async () => {
  await platform.stop();
  endTurn();
});

beforeEach(async () => {
  const port = await freePortOn([SHARED, ...OWN]);
  const options = { port, externalIp: SHARED };
  [first, second] = await Promise.all([
    startEdgePair(platform, { ...options, host: OWN[0] }),
    startEdgePair(platform, { ...options, host: OWN[1] }),
  ]);
  router = await openUdpRouter({ host: SHARED, port }, first.address);
  load = await CallLoad.open(platform, `${SHARED}:${String(port)}`);
  before = await callKinds(bus);
});

afterEach(async () => {
  router.close();
  await Promise.all([first.stop(), second.stop()]);
});

/** Places the calls, waits until every one of them is answered and kept, and lets `blow` fall. What both sides saw. */
async function talkThrough(
  blow: () => Promise<void> | void,
  options: Partial<TalkOptions> = {},
): Promise<[SippResult, SippResult]> {
  const talking = load.talk({ calls: CALLS, talkMs: TALK_MS, ...options });
  await until('all calls are answered', async () => (await openCalls(bus)).length === CALLS);
  expect(new Set((await openCalls(bus)).map(({ owner }) => owner)).size).toBe(1);
  await blow();
  return talking;
}

/** Every phone has hung up or been hung up on, and been answered. */
function expectAllContent(results: readonly SippResult[]): void {
  for (const { errors, ...counts } of results) {
    expect(counts, `${errors}\n${second.logs()}`).toMatchObject({ successful: CALLS, failed: 0 });
  }
}

/** Every call of this test has ended once, and nothing is left of it but what is kept for repeated BYEs. */
async function expectAllEnded(): Promise<Set<string>> {
  await until(
    'all calls have ended',
    async () =>
      (await mediaSessions(platform)) + (await openCalls(bus)).length === 0 && (await newCalls()).every(isOver),
  );
  expect(await newCalls()).toEqual(Array.from({ length: CALLS }, () => wholeCall));
  const owners = await endedBy(bus);
  return new Set([...owners].filter(([callId]) => !before.has(callId)).map(([, owner]) => owner));
}

async function newCalls(): Promise<string[][]> {
  return [...(await callKinds(bus))].filter(([callId]) => !before.has(callId)).map(([, kinds]) => kinds);
}

function isOver(kinds: readonly string[]): boolean {
  return kinds.at(-1) === 'ended';
}

function adopted(edge: EdgePair): Promise<number> {
  return edge.metric('callweave_edge_calls_adopted');
}

describe('two edges behind one address', () => {
  test('when one is killed, the other takes the BYEs of its calls, hangs the other sides up and ends each once', async () => {
    expectAllContent(
      await talkThrough(async () => {
        await first.kill();
        router.routeTo(second.address);
      }),
    );
    expect((await expectAllEnded()).size).toBe(1);
    expect(await adopted(second)).toBe(CALLS);
    await until('the records are gone', async () => (await storedRecords(bus)) === 0, 60_000);
  });

  test('when one is killed and both sides of its calls hang up at the same moment, each call ends once', async () => {
    await talkThrough(
      async () => {
        await first.kill();
        router.routeTo(second.address);
      },
      { bothHangUp: true },
    );
    // SIPp fails a call whose BYE comes in the very moment it sends its own; what it was answered is what counts.
    for (const refusal of ['SIP/2.0 4', 'SIP/2.0 5']) expect(router.count('edge', second.address, refusal)).toBe(0);
    expect((await expectAllEnded()).size).toBe(1);
    expect(await adopted(second)).toBe(CALLS);
  });

  test('when one is stopped, it does not wait for its calls, and the other goes on with them', async () => {
    const results = await talkThrough(async () => {
      await first.kill(undefined, 'SIGTERM');
      router.routeTo(second.address);
    });
    expectAllContent(results);
    await expectAllEnded();
    expect(await adopted(second)).toBe(CALLS);
  });

  test('while the owner lives, the other passes it what arrives there, and takes nothing over', async () => {
    expectAllContent(await talkThrough(() => router.routeTo(second.address)));
    expect((await expectAllEnded()).size).toBe(1);
    expect(await adopted(second)).toBe(0);
    expect(router.count('edge', second.address, 'BYE ')).toBe(0);
  });

  test('a frozen one that wakes up finds its calls ended and hangs nobody up', async () => {
    const results = await talkThrough(async () => {
      first.signal('SIGSTOP');
      // It will find the first BYE of every call waiting for it; the phones repeat theirs, and those go elsewhere.
      await until('all callers hang up', () => router.count('phone', first.address, 'BYE ') >= CALLS, 60_000);
      router.routeTo(second.address);
    });
    expectAllContent(results);
    const told = await expectAllEnded();
    const asked = router.count('phone', first.address, 'BYE ');
    first.signal('SIGCONT');
    await until('it has answered what waited for it', () => router.count('edge', first.address, '200 OK') >= asked);
    expect(router.count('edge', first.address, 'BYE ')).toBe(0);
    expect(await expectAllEnded()).toEqual(told);
    expect(await adopted(second)).toBe(CALLS);
  });
});

describe('an edge that comes back at its own address', () => {
  test('takes its calls over by itself, whether the edge died, its engine or both, and again', async () => {
    const blow = async (): Promise<void> => {
      for (const [epoch, who] of [
        [2, 'edge'],
        [3, 'engine'],
        [4, undefined],
      ] as const) {
        await first.kill(who);
        await first.revive();
        const takenOver = async (): Promise<number> =>
          (await openCalls(bus)).filter((call) => call.epoch === epoch).length;
        await until(`it has all calls for the ${String(epoch)}th time`, async () => (await takenOver()) === CALLS);
      }
    };
    expectAllContent(await talkThrough(blow, { talkMs: 50_000 }));
    expect((await expectAllEnded()).size).toBe(1);
    expect(await adopted(second)).toBe(0);
  }, 180_000);
});

describe('a call that still rings when its edge dies', () => {
  test('has failed once, and leaves nothing behind', async () => {
    const registrar = router.address;
    const [alice, bob] = await Promise.all(
      platform.accounts.map((account) => startBaresip({ ...account, registrar, answers: false })),
    );
    if (alice === undefined || bob === undefined) throw new Error('no accounts');
    await Promise.all([alice.waitFor('REGISTER_OK'), bob.waitFor('REGISTER_OK')]);
    alice.command('dial', `sip:bob@${registrar}`);
    await bob.waitFor('CALL_INCOMING');
    await until('the call is told', async () => (await newCalls())[0]?.at(-1) === 'ringing');
    await first.kill();
    await first.revive();
    await until('its end is told', async () => (await newCalls())[0]?.at(-1) === 'failed');
    expect(await lastCause(bus)).toEqual({ by: 'platform', reason: 'node-lost' });
    await until('its record is gone', async () => (await openCalls(bus)).length === 0);
    await Promise.all([alice.quit(), bob.quit()]);
  });
});

describe('a call that nobody hangs up after its edge died', () => {
  test('is taken over when the lease has run out, and ended when one side has left meanwhile', async () => {
    const leaving = new AbortController();
    const talking = load.talk({ calls: CALLS, talkMs: 300_000, callersLeave: leaving.signal });
    await until('all calls are answered', async () => (await openCalls(bus)).length === CALLS);
    await first.kill();
    router.routeTo(second.address);
    // The callers vanish without a word; nobody who is alive knows of these calls.
    leaving.abort();
    const [, answered] = await talking;
    expectAllContent([answered]);
    await expectAllEnded();
    expect(await lastCause(bus)).toEqual({ by: 'platform', reason: 'node-lost' });
  }, 240_000);
});
