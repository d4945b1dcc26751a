import { parseRtp, pcma, pcmu, type RtpPacket, serializeRtp } from '@callweave/rtp';
import { sine } from '@callweave/rtp/testing';
import { type AgreedAudio } from '@callweave/sdp';
import { describe, expect, test } from 'vitest';
import { AudioStream } from '../src/media/audio-stream.ts';
import { type MediaAddress, type MediaPort } from '../src/media/media-port.ts';

const caller = { address: '192.0.2.1', port: 4_000 };
const natted = { address: '198.51.100.1', port: 9_999 };
const stranger = { address: '203.0.113.1', port: 6_666 };
const agreed: AgreedAudio = {
  codec: { name: 'PCMU', payloadType: 0 },
  telephoneEvent: 101,
  remote: caller,
  direction: 'sendrecv',
};

class FakePort implements MediaPort {
  readonly port = 30_000;
  readonly sent: { readonly packet: RtpPacket; readonly to: MediaAddress }[] = [];
  receive: (bytes: Buffer, from: MediaAddress) => void = () => undefined;

  onPacket(listener: (bytes: Buffer, from: MediaAddress) => void): void {
    this.receive = listener;
  }

  send(bytes: Buffer, to: MediaAddress): void {
    this.sent.push({ packet: parseRtp(bytes), to });
  }

  close(): void {
    this.receive = () => undefined;
  }
}

function packet(index: number, fields: Partial<RtpPacket> = {}): Buffer {
  return serializeRtp({
    ...{ payloadType: 0, marker: false, sequence: index, timestamp: index * 160, ssrc: 7 },
    payload: Buffer.alloc(160, 0x80),
    ...fields,
  });
}

function stream(): { readonly port: FakePort; readonly audio: AudioStream } {
  const port = new FakePort();
  return { port, audio: new AudioStream(port) };
}

/** Where the next packet goes. */
function target({ port, audio }: ReturnType<typeof stream>): MediaAddress | undefined {
  const before = port.sent.length;
  audio.say(undefined);
  return port.sent[before]?.to;
}

describe('the sound of a call', () => {
  test('leaves as one even stream of packets, silence when there is nothing to say', () => {
    const { port, audio } = stream();
    audio.agree(agreed);
    audio.say(sine(600, 20));
    audio.say(undefined);
    const [first, second] = port.sent.map(({ packet: sent }) => sent);
    expect(first).toMatchObject({ payloadType: 0, marker: true, ssrc: audio.ssrc });
    expect(second).toMatchObject({
      marker: false,
      sequence: ((first?.sequence ?? 0) + 1) & 0xffff,
      timestamp: ((first?.timestamp ?? 0) + 160) >>> 0,
      payload: Buffer.alloc(160, pcmu.silence),
    });
    expect(first?.payload).toEqual(pcmu.encode(sine(600, 20)));
  });

  test('speaks A-law under the number that was agreed', () => {
    const { port, audio } = stream();
    audio.agree({ ...agreed, codec: { name: 'PCMA', payloadType: 97 } });
    audio.say(undefined);
    expect(port.sent[0]?.packet).toMatchObject({ payloadType: 97, payload: Buffer.alloc(160, pcma.silence) });
  });

  test('goes to wherever the caller really is, and to no one who comes later', () => {
    const call = stream();
    expect(target(call)).toBeUndefined();
    call.audio.agree(agreed);
    expect(target(call)).toEqual(caller);
    call.port.receive(packet(0), natted);
    expect(target(call)).toEqual(natted);
    call.port.receive(packet(1), stranger);
    expect(target(call)).toEqual(natted);
    for (let beat = 0; beat < 100; beat++) call.audio.hear();
    call.port.receive(packet(2), stranger);
    expect(target(call)).toEqual(stranger);
    call.audio.agree({ ...agreed, remote: { address: '192.0.2.2', port: 4_002 } });
    expect(target(call)).toEqual({ address: '192.0.2.2', port: 4_002 });
  });

  test('is not moved by what is no RTP', () => {
    const call = stream();
    call.audio.agree(agreed);
    for (const noise of ['', 'hello', '80c80001deadbeef0000']) call.port.receive(Buffer.from(noise, 'hex'), stranger);
    expect(target(call)).toEqual(caller);
  });

  test.each([
    ['sendrecv', true, true],
    ['sendonly', true, false],
    ['recvonly', false, true],
    ['inactive', false, false],
  ] as const)('that is %s is said: %s, and heard: %s', (direction, isSaid, isHeard) => {
    const call = stream();
    call.audio.agree({ ...agreed, direction });
    for (let i = 0; i < 3; i++) call.port.receive(packet(i), caller);
    const heard = [0, 1, 2].map(() => call.audio.hear()?.[0] ?? 0);
    expect([target(call) !== undefined, heard.at(-1) !== 0]).toEqual([isSaid, isHeard]);
  });

  test('is not mixed with digits or other kinds of packets', () => {
    const { port, audio } = stream();
    audio.agree(agreed);
    port.receive(packet(0, { payloadType: 101, payload: Buffer.from('05000320', 'hex') }), caller);
    port.receive(packet(1, { payloadType: 13 }), caller);
    expect(audio.hear()).toBeUndefined();
  });
});
