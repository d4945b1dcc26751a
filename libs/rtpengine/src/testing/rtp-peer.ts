import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** One end of a call: a UDP port that sends and receives RTP. */
export interface RtpPeer {
  readonly port: number;
  /** An SDP that asks for PCMU at this port; `version` is that of its `o=` line. */
  sdp(version?: number): string;
  /** Sends `count` packets of 20 ms to where `sdp` wants its audio. */
  send(sdp: string, count: number): void;
  /** Resolves with the packets received so far as soon as there are `count` of them. */
  received(count: number): Promise<readonly Buffer[]>;
  close(): void;
}

const HOST = '127.0.0.1';
const PAYLOAD_BYTES = 160;
/** RTP version 2, no padding, extension or contributing source; payload type 0 (RFC 3550 §5.1, RFC 3551 §6). */
const FIRST_BYTES = [0x80, 0x00];

/** Opens a port for RTP on loopback; `ssrc` tells its packets from those of others. */
export async function openRtpPeer(ssrc: number): Promise<RtpPeer> {
  const socket = createSocket('udp4').bind(0, HOST);
  await once(socket, 'listening');
  const { port } = socket.address();
  const packets: Buffer[] = [];
  const waiting = new Set<() => void>();
  let sequence = 0;
  socket.on('message', (packet) => {
    packets.push(packet);
    for (const look of waiting) look();
  });

  return {
    port,
    sdp: (version = 1) =>
      [
        'v=0',
        `o=- ${String(ssrc)} ${String(version)} IN IP4 ${HOST}`,
        's=-',
        `c=IN IP4 ${HOST}`,
        't=0 0',
        `m=audio ${String(port)} RTP/AVP 0`,
        'a=rtpmap:0 PCMU/8000',
        'a=sendrecv',
        '',
      ].join('\r\n'),
    send: (sdp, count) => {
      const target = Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
      for (let i = 0; i < count; i++) socket.send(rtpPacket(sequence++, ssrc), target, HOST);
    },
    received: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (packets.length < count) return;
          waiting.delete(look);
          resolve(packets);
        };
        waiting.add(look);
        look();
      }),
    close: () => socket.close(),
  };
}

function rtpPacket(sequence: number, ssrc: number): Buffer {
  const packet = Buffer.alloc(12 + PAYLOAD_BYTES, 0xff);
  packet.set(FIRST_BYTES);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * PAYLOAD_BYTES) >>> 0, 4);
  packet.writeUInt32BE(ssrc, 8);
  return packet;
}
