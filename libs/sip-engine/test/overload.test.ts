import { FakeClock } from '@callweave/clock/testing';
import { cryptoIds, type SipRequest } from '@callweave/sip';
import { buildRequest } from '@callweave/sip/testing';
import {
  FakeFlow,
  fakeListener,
  LimitCounts,
  noQuirks,
  Overload,
  OverloadController,
} from '@callweave/sip-engine/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';

describe('the share of new requests that is let in', () => {
  interface Window {
    readonly delays: readonly [number, number, number, number];
    readonly offered?: number;
  }

  /** Feeds windows of four samples each; returns the share after every window. */
  function sharesFromStart(...windows: readonly Window[]): number[] {
    const controller = new OverloadController({ targetMs: 50 });
    return windows.map(({ delays, offered = 400 }) => {
      for (const delayMs of delays) controller.take({ delayMs, offered: offered / 4 });
      return Math.round(controller.share * 1000) / 1000;
    });
  }

  /** The same of a controller that two slow windows have just warned. */
  function shares(...windows: readonly Window[]): number[] {
    const warning = { delays: [51, 51, 51, 51] } as const;
    return sharesFromStart(warning, warning, ...windows).slice(2);
  }

  const slow = { delays: [200, 200, 200, 200] } as const;
  const quick = { delays: [1, 1, 1, 1] } as const;

  test('falls while every message waits too long, and by more the longer they wait', () => {
    expect(shares(slow, slow, slow)).toEqual([0.5, 0.25, 0.125]);
    expect(shares({ delays: [60, 60, 60, 60] }, { delays: [55, 55, 55, 55] })).toEqual([0.833, 0.75]);
  });

  test('falls after the third slow window in a row, so that a machine that stalls for a moment refuses nobody', () => {
    expect(sharesFromStart(slow, slow, quick, slow, slow, slow, slow)).toEqual([1, 1, 1, 1, 1, 0.5, 0.25]);
  });

  test('stays whole through bursts that drain, however long some message waited', () => {
    expect(sharesFromStart({ delays: [900, 900, 900, 10] }, { delays: [30, 900, 900, 900] })).toEqual([1, 1]);
  });

  test('stays whole where few requests come, since refusing them makes nothing quicker', () => {
    expect(shares({ ...slow, offered: 8 }, { ...slow, offered: 8 })).toEqual([1, 1]);
    // It falls no further than to those few.
    expect(shares(slow, { ...slow, offered: 16 })).toEqual([0.5, 0.5]);
  });

  test('is held between half the target and the target', () => {
    expect(shares(slow, { delays: [40, 40, 40, 40] }, { delays: [26, 50, 50, 50] })).toEqual([0.5, 0.5, 0.5]);
  });

  test('is held while the queue that built up drains', () => {
    const delays = (ms: number) => ({ delays: [ms, ms, ms, ms] as const });
    expect(shares(slow, delays(150), delays(100), delays(95))).toEqual([0.5, 0.5, 0.5, 0.263]);
  });

  test('never falls to nothing, and is whole again within 5 s of quiet', () => {
    const fall = Array.from({ length: 20 }, () => ({ ...slow, offered: 40_000 }));
    const rise = Array.from({ length: 25 }, () => quick);
    const seen = shares(...fall, ...rise);
    expect(Math.min(...seen)).toBe(0.02);
    expect(seen.at(-1)).toBe(1);
  });
});

/** An engine's overload protection, whose socket queue takes as long as the test says. */
function setUp({ maxDelayMs = 50, maxUnanswered = 1_000 } = {}) {
  const clock = new FakeClock();
  const log = recordLogs();
  const limits = new LimitCounts();
  const known = new Set<string>();
  const flow = new FakeFlow();
  let delayMs = 0;
  const transactions = { server: (key: string) => (known.has(key) ? ({} as never) : undefined) };
  const overload = new Overload(
    { maxDelayMs, maxUnanswered },
    { clock, log, limits, transactions, quirks: noQuirks, ids: cryptoIds(), dialogs: { size: 0 }, maxDialogs: 1 },
  );
  overload.watch([
    { ...fakeListener, probe: (bytes: Buffer) => void clock.after(delayMs, () => overload.onProbe(bytes)) },
  ]);
  let count = 0;
  const request = (fields: Parameters<typeof buildRequest>[0] = {}): SipRequest =>
    buildRequest({ callId: `call${count++}`, branch: `z9hG4bK${count}`, ...fields });
  const refuses = (message: SipRequest): boolean => overload.refuses({ message, flow, size: 1 });
  return {
    ...{ clock, log, limits, known, flow, overload, request, refuses },
    /** Offers 20 new requests every 50 ms for so long; returns the share that was let in. */
    offer: (ms: number, waitMs: number): number => {
      delayMs = waitMs;
      let admitted = 0;
      let offered = 0;
      for (let at = 0; at < ms; at += 50) {
        for (let n = 0; n < 20; n++, offered++) if (!refuses(request())) admitted++;
        clock.advance(50);
      }
      return admitted / offered;
    },
  };
}

describe('an overloaded engine', () => {
  test('answers new requests with 503 and different times to come back, and says so once', () => {
    const { offer, flow, limits, log } = setUp();
    expect(offer(2_000, 1)).toBe(1);
    const admitted = offer(5_000, 150);
    expect(admitted).toBeLessThan(0.3);
    expect(limits.of('delay')).toBe(flow.sent.length);
    const answers = flow.sent.map((bytes) => bytes.toString('latin1'));
    expect(answers.every((text) => text.startsWith('SIP/2.0 503 '))).toBe(true);
    const times = new Set(answers.map((text) => /^Retry-After: (\d+)\r$/m.exec(text)?.[1]));
    expect(times.size).toBeGreaterThan(5);
    expect(log.lines.map(({ event }) => event)).toEqual(['overload.began']);
  });

  test('lets in what goes on with a call, copies of what it took on, and emergency calls', () => {
    const { offer, request, refuses, known } = setUp();
    offer(2_000, 1);
    offer(5_000, 150);
    // Many of each, since a few of those below would be let in as it is.
    for (let n = 0; n < 100; n++) {
      for (const method of ['ACK', 'CANCEL', 'BYE', 'PRACK', 'UPDATE'])
        expect(refuses(request({ method }))).toBe(false);
      for (const method of ['INVITE', 'INFO', 'REFER', 'NOTIFY']) {
        expect(refuses(request({ method, toTag: 'known' }))).toBe(false);
      }
      expect(refuses(request({ uri: 'urn:service:sos' }))).toBe(false);
      const branch = `z9hG4bKcopy${n}`;
      known.add(`INVITE ${branch} 192.0.2.1`);
      expect(refuses(request({ method: 'INVITE', branch, sentBy: '192.0.2.1' }))).toBe(false);
    }
  });

  test('treats all requests of one call alike, so that whoever answered a challenge is let in', () => {
    const { offer, request, refuses } = setUp();
    offer(2_000, 1);
    offer(3_000, 80);
    for (let n = 0; n < 100; n++) {
      const callId = `again${n}`;
      expect(refuses(request({ callId }))).toBe(refuses(request({ callId })));
    }
  });

  test('lets everybody in again within 5 s once messages are quick, and says so', () => {
    const { offer, log } = setUp();
    offer(2_000, 1);
    offer(5_000, 150);
    offer(5_000, 1);
    expect(offer(1_000, 1)).toBe(1);
    expect(log.lines.map(({ event }) => event)).toEqual(['overload.began', 'overload.ended']);
  });

  test('takes probes that are lost for a queue that is full', () => {
    const { offer } = setUp();
    offer(2_000, 1);
    expect(offer(5_000, 1e9)).toBeLessThan(0.3);
  });

  test('takes probes that never came back for a firewall', () => {
    const { offer } = setUp();
    expect(offer(5_000, 1e9)).toBe(1);
  });

  test('does not measure while nobody asks anything', () => {
    const { offer, clock } = setUp();
    offer(1_000, 1);
    clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });
});
