import { type Bus } from '@callweave/bus';
import { type NatsServer, startNats } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import {
  answerMedia,
  defaultTenant,
  deleteMedia,
  edgeProfile,
  type MediaNodeId,
  offerMedia,
} from '@callweave/contracts';
import { openRtpPeer, type Rtpengine, type RtpPeer, startRtpengine } from '@callweave/rtpengine/testing';
import { createInstanceId, loadConfig, type RunningService } from '@callweave/service';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { config } from '../src/config.ts';
import { startMediaControl } from '../src/service.ts';
import { callNumber, questionsAbout } from './fake-node.ts';

let nats: NatsServer;
let edge: Bus;
let nodes: Rtpengine[];
let service: RunningService;
let caller: RtpPeer;
let callee: RtpPeer;

beforeAll(async () => {
  nats = await startNats();
  edge = await nats.bus(edgeProfile, createInstanceId());
  nodes = [await startRtpengine(), await startRtpengine()];
  service = await startMediaControl({
    name: 'media-control',
    instance: createInstanceId(),
    version: '0.0.0',
    clock: systemClock,
    log: recordLogs(),
    config: loadConfig(config, {
      CALLWEAVE_NATS_URL: nats.url,
      CALLWEAVE_NATS_USER: 'media-control',
      CALLWEAVE_NATS_PASSWORD: 'media-control',
      CALLWEAVE_RTPENGINES: nodes.map(({ address }) => address).join(','),
    }),
  });
  caller = await openRtpPeer(1);
  callee = await openRtpPeer(2);
});

afterAll(async () => {
  caller.close();
  callee.close();
  await service.drain();
  await service.stop();
  await Promise.all(nodes.map((node) => node.stop()));
  await nats.stop();
});

const ASK = { deadlineMs: 4_000, attemptMs: 300 };
/** Who is asked to release a call once more has nothing left to find; who is busy is asked nothing twice. */
const ASK_ONCE = { deadlineMs: 10_000, attemptMs: 10_000 };

async function offer(n: number, limits = ASK): Promise<{ sdp: string; node: MediaNodeId }> {
  const answer = await edge.ask(offerMedia, {}, { ...questionsAbout(n).offer, sdp: caller.sdp() }, limits);
  if (answer.kind !== 'anchored') throw new Error(answer.kind);
  return answer;
}

function release(n: number, node: MediaNodeId, limits = ASK_ONCE) {
  return edge.ask(deleteMedia, {}, { tenant: defaultTenant, callId: callNumber(n), node }, limits);
}

async function sessions(): Promise<number[]> {
  return Promise.all(nodes.map(async ({ ng }) => (await ng.statistics(2_000)).sessions));
}

function holderOf(node: MediaNodeId): Rtpengine {
  const holder = nodes.find(({ address }) => node.startsWith(`${address}@`));
  if (holder === undefined) throw new Error(node);
  return holder;
}

describe('media-control with two rtpengines', () => {
  test('a call is anchored, heard both ways, and leaves nothing on the nodes', async () => {
    const { sdp: toCallee, node } = await offer(1);
    const question = { ...questionsAbout(1).answer, sdp: callee.sdp(), node };
    const answer = await edge.ask(answerMedia, {}, question, ASK);
    if (answer.kind !== 'anchored') throw new Error(answer.kind);
    expect(answer.node).toBe(node);
    caller.send(answer.sdp, 5);
    callee.send(toCallee, 5);
    await Promise.all([caller.received(5), callee.received(5)]);
    expect((await sessions()).reduce((a, b) => a + b)).toBe(1);
    const { caller: callerLeg, callee: calleeLeg } = {
      caller: questionsAbout(1).offer.fromLeg,
      callee: question.toLeg,
    };
    const each = { packets: 5, bytes: 860, errors: 0 };
    expect(await release(1, node)).toMatchObject({
      found: true,
      statistics: { packets: 10, bytes: 1720, errors: 0 },
      sides: expect.arrayContaining([
        { legId: callerLeg, statistics: each },
        { legId: calleeLeg, statistics: each },
      ]) as unknown,
    });
    expect(await release(1, node)).toEqual({ found: false });
    expect(await sessions()).toEqual([0, 0]);
  });

  test('a call of which nobody knows the node is released all the same', async () => {
    await offer(6);
    await edge.ask(deleteMedia, {}, { tenant: defaultTenant, callId: callNumber(6) }, ASK);
    await vi.waitFor(async () => expect(await sessions()).toEqual([0, 0]), { timeout: 10_000, interval: 100 });
  });

  test('calls are shared between the nodes', async () => {
    const numbers = Array.from({ length: 40 }, (_, i) => 100 + i);
    const held = await Promise.all(numbers.map(async (n) => ({ n, ...(await offer(n, ASK_ONCE)) })));
    // A node that was slow to answer forgets a moment later what another has taken on.
    const counts = async (): Promise<number[]> => {
      const found = await sessions();
      expect(found.reduce((a, b) => a + b)).toBe(40);
      return found;
    };
    expect(Math.min(...(await vi.waitFor(counts, { timeout: 10_000, interval: 100 })))).toBeGreaterThan(10);
    await Promise.all(held.map(({ n, node }) => release(n, node)));
    expect(await sessions()).toEqual([0, 0]);
  });

  test('an SDP with nothing in it for a phone is refused and leaves nothing behind', async () => {
    const question = { ...questionsAbout(2).offer, sdp: 'hello' };
    expect(await edge.ask(offerMedia, {}, question, ASK)).toMatchObject({ kind: 'unusable' });
    expect(await sessions()).toEqual([0, 0]);
  });

  test('when a node freezes the other one takes every offer soon, and nothing leaks', async () => {
    const { node } = await offer(3);
    const frozen = holderOf(node);
    await frozen.freeze();
    const numbers = Array.from({ length: 20 }, (_, i) => 200 + i);
    const started = systemClock.monotonicMs();
    const held = await Promise.all(numbers.map(async (n) => ({ n, ...(await offer(n)) })));
    expect(systemClock.monotonicMs() - started).toBeLessThan(3_500);
    expect(held.filter((call) => holderOf(call.node) === frozen)).toEqual([]);
    expect((await release(3, node, ASK)).found).toBe(false);
    frozen.thaw();
    await Promise.all(held.map((call) => release(call.n, call.node)));
    await vi.waitFor(async () => expect(await sessions()).toEqual([0, 0]), { timeout: 10_000, interval: 100 });
  });

  test('a node that was killed and came back takes calls again under another name, and its old calls are gone', async () => {
    const { node } = await offer(4);
    const holder = holderOf(node);
    await holder.kill();
    const elsewhere = await offer(5);
    expect(holderOf(elsewhere.node)).not.toBe(holder);
    await vi.waitFor(() => expect(systemClock.epochMs() / 1000 - Number(node.split('@')[1])).toBeGreaterThan(5), {
      timeout: 10_000,
    });
    await holder.restart();
    let n = 300;
    await vi.waitFor(
      async () => {
        const again = await offer(++n);
        await release(n, again.node);
        expect(holderOf(again.node)).toBe(holder);
        expect(again.node).not.toBe(node);
      },
      { timeout: 10_000, interval: 50 },
    );
    expect(await release(4, node)).toEqual({ found: false });
    const question = { ...questionsAbout(4).answer, sdp: callee.sdp(), node };
    expect(await edge.ask(answerMedia, {}, question, ASK)).toEqual({ kind: 'no-node' });
    await release(5, elsewhere.node);
    expect(await sessions()).toEqual([0, 0]);
  });
});
