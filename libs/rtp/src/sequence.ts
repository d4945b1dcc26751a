import { randomBytes } from 'node:crypto';

const SEQUENCE_MODULO = 0x1_0000;
const TIMESTAMP_MODULO = 0x1_0000_0000;

/** How far `to` is after `from`, in 16-bit sequence numbers; negative when it is before. RFC 1982 §3.2. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** How far `to` is after `from`, in 32-bit timestamps; negative when it is before. RFC 1982 §3.2. */
export function timestampDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/** What identifies one outgoing packet. */
export interface PacketStamp {
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
}

/** Numbers the packets of one outgoing stream, RFC 3550 §5.1: everything starts at random. */
export class PacketStamper {
  readonly ssrc: number;
  #sequence: number;
  #timestamp: number;

  constructor(random: (bytes: number) => Buffer = randomBytes) {
    const seed = random(10);
    this.ssrc = seed.readUInt32BE(0);
    // The upper half is left out: a stream that wraps in its first minute confuses SRTP's roll-over counter, RFC 3711 §3.3.1.
    this.#sequence = seed.readUInt16BE(4) >> 1;
    this.#timestamp = seed.readUInt32BE(6);
  }

  /** The stamp of the next packet; the one after it is `samples` later. */
  next(samples: number): PacketStamp {
    const stamp = { sequence: this.#sequence, timestamp: this.#timestamp, ssrc: this.ssrc };
    this.#sequence = (this.#sequence + 1) % SEQUENCE_MODULO;
    this.skip(samples);
    return stamp;
  }

  /** Lets time pass without a packet. */
  skip(samples: number): void {
    this.#timestamp = (this.#timestamp + samples) % TIMESTAMP_MODULO;
  }
}
