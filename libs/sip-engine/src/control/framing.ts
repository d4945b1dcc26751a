/** The largest frame an application may send: a request with the largest body we pass on, and room to spare. */
export const MAX_FRAME_BYTES = 999_999;

/** Digits of the length before `#`; more than the largest frame needs is an attack. */
const MAX_LENGTH_DIGITS = String(MAX_FRAME_BYTES).length;

const HASH = 35;

/** An application does not speak the protocol; its connection is to be dropped without an answer. */
export class FramingError extends Error {
  readonly code = 'ENGINE_FRAMING';

  constructor(reason: string) {
    super(reason);
    this.name = new.target.name;
  }
}

/** Cuts a stream into frames `LENGTH#PAYLOAD`, LENGTH in bytes. */
export class FrameReader {
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  push(chunk: Buffer): void {
    if (this.#start === this.#end) {
      this.#buffer = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    if (this.#buffer.length - this.#end < chunk.length) {
      const kept = this.#end - this.#start;
      const grown = Buffer.allocUnsafe(Math.max(4_096, 2 * (kept + chunk.length)));
      this.#buffer.copy(grown, 0, this.#start, this.#end);
      this.#buffer = grown;
      this.#start = 0;
      this.#end = kept;
    }
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** The next payload, or undefined when more bytes are needed. Throws `FramingError`. */
  next(): Buffer | undefined {
    let length = 0;
    let at = this.#start;
    for (; ; at++) {
      if (at === this.#end) {
        if (at - this.#start > MAX_LENGTH_DIGITS) throw new FramingError('length too long');
        return undefined;
      }
      const code = this.#buffer[at] ?? 0;
      if (code === HASH) break;
      if (code < 48 || code > 57) throw new FramingError('length is no number');
      length = length * 10 + code - 48;
      if (at - this.#start >= MAX_LENGTH_DIGITS) throw new FramingError('length too long');
    }
    if (at === this.#start || length === 0) throw new FramingError('empty frame');
    const end = at + 1 + length;
    if (end > this.#end) return undefined;
    this.#start = end;
    return this.#buffer.subarray(at + 1, end);
  }
}

/** The bytes of one frame: the leader and, on lines of its own, a SIP message. Text is latin1 of UTF-8 bytes. */
export function frame(leader: string, sip?: Buffer): Buffer {
  const length = leader.length + (sip === undefined ? 0 : 2 + sip.length);
  const head = sip === undefined ? `${length}#${leader}` : `${length}#${leader}\r\n`;
  const bytes = Buffer.allocUnsafe(head.length + (sip?.length ?? 0));
  bytes.write(head, 0, 'latin1');
  sip?.copy(bytes, head.length);
  return bytes;
}
