import { createSocket } from 'node:dgram';
import { type Clock } from '@callweave/clock';
import { type G711, PacketStamper, parseRtp, pcmu, type RtpPacket, serializeRtp } from '@callweave/rtp';
import { FRAME_MS, FRAME_SAMPLES } from '../media/frame.ts';
import { Pacer } from '../media/pacer.ts';

/** The sound side of a phone: a UDP port that keeps what it hears and says what it is told. */
export interface RtpPhone {
  readonly port: number;
  /** Everything heard so far, in the order it came. */
  readonly packets: readonly RtpPacket[];
  /** The same as sound. */
  heard(): Int16Array;
  /** Resolves when `count` packets have come. */
  untilPackets(count: number): Promise<void>;
  /** Says something in real time, to wherever it was last spoken to from. Somebody must have spoken before. */
  say(samples: Int16Array): Promise<void>;
  close(): void;
}

/** A phone on a free port of the loopback. */
export async function openRtpPhone(clock: Clock, codec: G711 = pcmu): Promise<RtpPhone> {
  const socket = createSocket('udp4');
  const packets: RtpPacket[] = [];
  const waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  let peer: { readonly address: string; readonly port: number } | undefined;
  socket.on('message', (bytes, from) => {
    peer = from;
    packets.push(parseRtp(Buffer.from(bytes)));
    for (const waiter of waiters.filter(({ count }) => packets.length >= count)) waiter.resolve();
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const stamper = new PacketStamper();
  return {
    port: socket.address().port,
    packets,
    heard: () => codec.decode(Buffer.concat(packets.map(({ payload }) => payload))),
    untilPackets: (count) =>
      packets.length >= count ? Promise.resolve() : new Promise((resolve) => waiters.push({ count, resolve })),
    say: (samples) =>
      new Promise((resolve) => {
        const pacer = new Pacer({ clock, onSkipped: () => undefined });
        let at = 0;
        const mouth = {
          beat: () => {
            const payload = codec.encode(samples.subarray(at, at + FRAME_SAMPLES));
            at += FRAME_SAMPLES;
            const { payloadType } = codec;
            const packet = { ...stamper.next(FRAME_SAMPLES), payloadType, marker: at === FRAME_SAMPLES, payload };
            if (peer !== undefined) socket.send(serializeRtp(packet), peer.port, peer.address);
            if (at < samples.length) return;
            pacer.remove(mouth);
            clock.after(FRAME_MS, resolve);
          },
        };
        pacer.add(mouth);
      }),
    close: () => socket.close(),
  };
}
