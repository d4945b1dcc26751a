import { timestampDistance } from './sequence.ts';

export interface JitterBufferOptions {
  /** How much is collected before anything is taken, in samples. */
  readonly delay: number;
  /** How far ahead of what is taken next a packet may be, in samples; rounded up to a power of two. */
  readonly capacity: number;
}

/** Packets in a row that come too late before the stream is taken up anew where they are. */
const LATE_PACKETS_TO_RESTART = 3;

/**
 * Turns packets that come unevenly, out of order, twice or not at all into an even stream of samples. What is missing
 * is silence. Packets may be of any length.
 */
export class JitterBuffer {
  readonly #delay: number;
  readonly #ring: Int16Array;
  /** Timestamp of the sample taken next; undefined before the first packet. */
  #readAt: number | undefined;
  /** One past the last sample that came. */
  #endAt = 0;
  #ssrc = 0;
  #late = 0;

  constructor({ delay, capacity }: JitterBufferOptions) {
    this.#delay = delay;
    // A power of two divides 2**32, so that a place in the ring goes on where timestamps wrap.
    this.#ring = new Int16Array(2 ** Math.ceil(Math.log2(capacity)));
  }

  /** Samples between what is taken next and the last that came. */
  get buffered(): number {
    return this.#readAt === undefined ? 0 : Math.max(0, timestampDistance(this.#readAt, this.#endAt));
  }

  put(ssrc: number, timestamp: number, samples: Int16Array): void {
    if (samples.length > this.#ring.length) return;
    if (this.#readAt === undefined || ssrc !== this.#ssrc) this.#restart(ssrc, timestamp);
    let ahead = timestampDistance(this.#readAt ?? timestamp, timestamp);
    if (ahead + samples.length <= 0 && ++this.#late < LATE_PACKETS_TO_RESTART) return;
    if (ahead + samples.length <= 0 || ahead + samples.length > this.#ring.length) {
      this.#restart(ssrc, timestamp);
      ahead = this.#delay;
    }
    this.#late = 0;
    const start = timestamp % this.#ring.length;
    for (let i = Math.max(0, -ahead); i < samples.length; i++) {
      this.#ring[(start + i) % this.#ring.length] = samples[i] ?? 0;
    }
    const end = (timestamp + samples.length) >>> 0;
    if (timestampDistance(this.#endAt, end) > 0) this.#endAt = end;
  }

  /** The next `count` samples; undefined while there is nothing at all. */
  take(count: number): Int16Array | undefined {
    if (this.#readAt === undefined || this.buffered === 0) {
      // Time passes for the stream also while nothing comes, else a pause would be added to the delay for ever.
      if (this.#readAt !== undefined) this.#readAt = (this.#readAt + count) >>> 0;
      return undefined;
    }
    const out = new Int16Array(count);
    const start = this.#readAt % this.#ring.length;
    for (let i = 0; i < count; i++) {
      const at = (start + i) % this.#ring.length;
      out[i] = this.#ring[at] ?? 0;
      this.#ring[at] = 0;
    }
    this.#readAt = (this.#readAt + count) >>> 0;
    return out;
  }

  #restart(ssrc: number, timestamp: number): void {
    this.#ring.fill(0);
    this.#ssrc = ssrc;
    this.#late = 0;
    this.#readAt = (timestamp - this.#delay) >>> 0;
    this.#endAt = timestamp;
  }
}
