import { systemClock } from '@callweave/clock';
import { NgClient, NgCommands, type NgError } from '@callweave/rtpengine';
import { openRtpPeer, type Rtpengine, type RtpPeer, startRtpengine } from '@callweave/rtpengine/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const TIMEOUT_MS = 2_000;

let node: Rtpengine;
let client: NgClient;
let ng: NgCommands;
let caller: RtpPeer;
let callee: RtpPeer;

beforeAll(async () => {
  node = await startRtpengine();
  client = new NgClient({ address: node.address, clock: systemClock, log: recordLogs() });
  ng = new NgCommands(client);
  caller = await openRtpPeer(1);
  callee = await openRtpPeer(2);
});

afterAll(async () => {
  client.close();
  caller.close();
  callee.close();
  await node.stop();
});

const offered = (callId: string, sdp: string, profile: 'rtp' | 'webrtc' = 'rtp'): Promise<string> =>
  ng.offer({ callId, fromTag: 'a', sdp, profile, timeoutMs: TIMEOUT_MS });
const answered = (callId: string, sdp: string, profile: 'rtp' | 'webrtc' = 'rtp'): Promise<string> =>
  ng.answer({ callId, fromTag: 'a', toTag: 'b', sdp, profile, timeoutMs: TIMEOUT_MS });

const mediaLine = (sdp: string): string => /^m=.*$/m.exec(sdp)?.[0] ?? '';

describe('a real rtpengine', () => {
  test('RTP is relayed both ways, and deleting the call tells how much', async () => {
    const toCallee = await offered('call', caller.sdp());
    const toCaller = await answered('call', callee.sdp());
    expect(mediaLine(toCallee)).not.toBe(mediaLine(caller.sdp()));
    caller.send(toCaller, 10);
    callee.send(toCallee, 10);
    const [atCaller, atCallee] = await Promise.all([caller.received(10), callee.received(10)]);
    expect(new Set(atCaller.map((packet) => packet.readUInt32BE(8)))).toEqual(new Set([2]));
    expect(new Set(atCallee.map((packet) => packet.readUInt32BE(8)))).toEqual(new Set([1]));

    const totals = { packets: 20, bytes: 20 * 172, errors: 0 };
    const each = { packets: 10, bytes: 10 * 172, errors: 0 };
    const relayed = await ng.query('call', TIMEOUT_MS);
    expect(relayed?.totals).toEqual(totals);
    expect([...(relayed?.parties ?? [])].sort((a, b) => a.tag.localeCompare(b.tag))).toEqual([
      { tag: 'a', ...each },
      { tag: 'b', ...each },
    ]);
    expect(await ng.list(10, TIMEOUT_MS)).toEqual(['call']);
    expect((await ng.statistics(TIMEOUT_MS)).sessions).toBe(1);
    expect(await ng.delete('call', TIMEOUT_MS, 'a')).toEqual({ found: true, totals });
    expect((await ng.statistics(TIMEOUT_MS)).sessions).toBe(0);
  });

  test('an unknown call is no error when it is deleted or asked for, and one when it is answered', async () => {
    expect(await ng.delete('nobody', TIMEOUT_MS)).toEqual({ found: false });
    expect(await ng.query('nobody', TIMEOUT_MS)).toBeUndefined();
    await expect(answered('nobody', callee.sdp())).rejects.toMatchObject({ kind: 'unknown-call' });
  });

  test('a call is deleted whoever asks, at once, though the node keeps calls for a while by itself', async () => {
    await offered('ringing', caller.sdp());
    expect(await ng.delete('ringing', TIMEOUT_MS)).toEqual({ found: true });
    expect(await ng.list(10, TIMEOUT_MS)).toEqual([]);
  });

  test.each([
    ['no SDP at all', ''],
    ['text', 'hello'],
    ['no media', 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n'],
    ['a broken media line', 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio x\r\n'],
  ])('an offer with %s is refused as unusable', async (_what, sdp) => {
    await expect(offered('broken', sdp)).rejects.toMatchObject({ code: 'NG_REFUSED', kind: 'sdp' });
    await ng.delete('broken', TIMEOUT_MS);
    expect((await ng.statistics(TIMEOUT_MS)).sessions).toBe(0);
  });

  test('a phone and a browser are converted into each other', async () => {
    const toBrowser = await offered('mixed', caller.sdp(), 'webrtc');
    expect(mediaLine(toBrowser)).toMatch(/ UDP\/TLS\/RTP\/SAVPF 0$/);
    for (const line of ['a=fingerprint:sha-256 ', 'a=ice-ufrag:', 'a=rtcp-mux', 'a=candidate:']) {
      expect(toBrowser).toContain(line);
    }
    expect(toBrowser).not.toContain('a=crypto:');
    const phone = await offered('back', toBrowser);
    expect(mediaLine(phone)).toMatch(/ RTP\/AVP 0$/);
    expect(phone).not.toMatch(/a=(ice-|candidate|fingerprint|rtcp-mux|setup)/);
    const browser = await answered('back', callee.sdp(), 'webrtc');
    expect(mediaLine(browser)).toMatch(/ UDP\/TLS\/RTP\/SAVPF 0$/);
    expect(browser).toContain('a=rtcp-mux');
    for (const callId of ['mixed', 'back']) await ng.delete(callId, TIMEOUT_MS);
  });

  test('an offer is made anew for a device of another kind, there and back, before anybody has answered', async () => {
    for (const [profile, line] of [
      ['rtp', / RTP\/AVP 0$/],
      ['webrtc', / UDP\/TLS\/RTP\/SAVPF 0$/],
      ['rtp', / RTP\/AVP 0$/],
    ] as const) {
      const sdp = await offered('fork', caller.sdp(), profile);
      expect(mediaLine(sdp)).toMatch(line);
      expect(sdp.includes('a=fingerprint:')).toBe(profile === 'webrtc');
      expect(sdp.includes('a=candidate:')).toBe(profile === 'webrtc');
    }
    const toCaller = await answered('fork', callee.sdp());
    callee.send(toCaller, 1);
    caller.send(toCaller, 10);
    await callee.received(10);
    await ng.delete('fork', TIMEOUT_MS);
  });

  test('several who may answer have ports of their own, and whoever answers is heard', async () => {
    const about = { callId: 'branches', fromTag: 'a', timeoutMs: TIMEOUT_MS };
    const offer = (viaBranch: string, profile: 'rtp' | 'webrtc'): Promise<string> =>
      ng.offer({ ...about, viaBranch, sdp: caller.sdp(), profile });
    const answer = (viaBranch: string): Promise<string> =>
      ng.answer({ ...about, viaBranch, toTag: viaBranch, sdp: callee.sdp(), profile: 'rtp' });
    const offers = [await offer('b', 'rtp'), await offer('c', 'webrtc'), await offer('d', 'rtp')];
    expect(new Set(offers.map((sdp) => mediaLine(sdp).split(' ')[1])).size).toBe(3);
    expect(offers.map((sdp) => sdp.includes('a=fingerprint:'))).toEqual([false, true, false]);
    // The first is heard before anybody has answered, the last has the call.
    await answer('b');
    const toCaller = await answer('d');
    caller.send(toCaller, 10);
    callee.send(offers[2] ?? '', 10);
    await Promise.all([caller.received(10), callee.received(10)]);
    await ng.delete('branches', TIMEOUT_MS);
  });

  test('neither side sees the address of the other, and the version rises with each change', async () => {
    const far = caller.sdp().replaceAll('127.0.0.1', '192.0.2.77');
    const first = await offered('hidden', far);
    expect(first).not.toContain('192.0.2.77');
    const held = await offered('hidden', far.replace('a=sendrecv', 'a=sendonly'));
    const version = (sdp: string): number => Number(/^o=\S+ \S+ (\d+)/m.exec(sdp)?.[1]);
    expect(version(held)).toBe(version(first) + 1);
    await ng.delete('hidden', TIMEOUT_MS);
  });

  test('the largest SDP that fits into a datagram is taken', async () => {
    const attribute = `a=x-padding:${'x'.repeat(1_000)}\r\n`;
    const sdp = await offered('large', `${caller.sdp()}${attribute.repeat(55)}`);
    expect(sdp.length).toBeGreaterThan(55_000);
    await ng.delete('large', TIMEOUT_MS);
  });

  test('a command that got through late is not carried out twice', async () => {
    await node.freeze();
    const result = offered('late', caller.sdp());
    await vi.waitFor(() => expect(client.inFlight).toBe(1), 10_000);
    const lost = ng.ping(300);
    await expect(lost).rejects.toMatchObject({ code: 'NG_TIMEOUT' });
    node.thaw();
    expect(mediaLine(await result)).toMatch(/^m=audio/);
    expect(await ng.list(10, TIMEOUT_MS)).toEqual(['late']);
    await ng.delete('late', TIMEOUT_MS);
  });

  test('a node that is gone is told from one that hangs, and one that came back is another', async () => {
    await offered('forgotten', caller.sdp());
    await vi.waitFor(async () => expect((await ng.statistics(TIMEOUT_MS)).uptimeSec).toBeGreaterThanOrEqual(2), {
      timeout: 10_000,
      interval: 100,
    });
    await node.freeze();
    await expect(ng.ping(200)).rejects.toMatchObject({ code: 'NG_TIMEOUT' });
    await node.kill();
    const code = await ng.ping(5_000).catch((error: unknown) => (error as NgError).code);
    expect(code).toBe('NG_UNREACHABLE');
    await node.restart();
    const { uptimeSec, sessions } = await ng.statistics(TIMEOUT_MS);
    expect(uptimeSec).toBeLessThan(2);
    expect(sessions).toBe(0);
    expect(await ng.query('forgotten', TIMEOUT_MS)).toBeUndefined();
  });
});
