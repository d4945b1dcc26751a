import { CR, LF } from './chars.ts';
import { type SipError, SipLimitError, SipSyntaxError } from './errors.ts';
import { type SipMessage } from './message.ts';
import { contentLength, finish, type Head, MAX_BODY_BYTES, MAX_HEAD_BYTES, parseHead } from './parse-message.ts';

/** What a stream of bytes turned out to hold next. */
export type StreamUnit =
  | { readonly kind: 'message'; readonly message: SipMessage }
  /** CRLF CRLF between messages: the peer asks whether we are there, and is answered CRLF. RFC 5626 §4.4.1. */
  | { readonly kind: 'ping' }
  /** From `bytes` on the stream cannot be cut into messages; `message` is what can still be answered. */
  | {
      readonly kind: 'broken';
      readonly error: SipError;
      readonly message: SipMessage | undefined;
      readonly bytes: Buffer;
    };

const BLANK_LINE = '\r\n\r\n';

/** Bytes kept free for a message that has begun; most fit. */
const INITIAL_BYTES = 4_096;

/** Cuts a stream into messages by Content-Length, RFC 3261 §18.3. Sizes are checked before memory is taken. */
export class StreamFramer {
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** How far the search for the blank line has come, so that no byte is looked at twice. */
  #searched = 0;
  #head: Head | undefined;
  #bodyStart = 0;
  #bodyLength = 0;
  #broken = false;

  /** Whether a message has begun and not ended; line ends between messages are none. Asked when `next` has no more. */
  get isWithinMessage(): boolean {
    if (this.#head !== undefined || this.#end - this.#start > 3) return true;
    return this.#buffer.subarray(this.#start, this.#end).some((byte) => byte !== CR && byte !== LF);
  }

  /** Bytes of a message that has not ended. */
  get bufferedBytes(): number {
    return this.#end - this.#start;
  }

  /** Takes more bytes; call `next` until it has no more to give. `chunk` must not be changed afterwards. */
  push(chunk: Buffer): void {
    if (this.#broken) return;
    if (this.#start === this.#end && this.#head === undefined) {
      this.#buffer = chunk;
      this.#start = this.#searched = 0;
      this.#end = chunk.length;
      return;
    }
    this.#makeRoom(chunk.length);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** The next unit, or undefined when more bytes are needed. */
  next(): StreamUnit | undefined {
    if (this.#broken) return undefined;
    try {
      if (this.#head === undefined) {
        if (this.#skipLineEnds()) return { kind: 'ping' };
        if (!this.#readHead()) return undefined;
      }
      return this.#readBody();
    } catch (error) {
      if (error instanceof SipSyntaxError || error instanceof SipLimitError) return this.#break(error, this.#head);
      throw error;
    }
  }

  /** Consumes empty lines before a message; true for the two that make a ping. */
  #skipLineEnds(): boolean {
    while (this.#buffer[this.#start] === CR && this.#end - this.#start >= 2) {
      if (this.#buffer[this.#start + 1] !== LF) return false;
      const left = this.#end - this.#start;
      const third = this.#buffer[this.#start + 2] === CR;
      // One line end alone may be the first half of a ping.
      if (left === 2 || (left === 3 && third)) return false;
      const isPing = third && this.#buffer[this.#start + 3] === LF;
      this.#start += isPing ? 4 : 2;
      this.#searched = this.#start;
      if (isPing) return true;
    }
    return false;
  }

  #readHead(): boolean {
    const at = this.#buffer.indexOf(BLANK_LINE, Math.max(this.#start, this.#searched - 3), 'latin1');
    if (at < 0 || at + 4 > this.#end) {
      this.#searched = this.#end;
      if (this.#end - this.#start > MAX_HEAD_BYTES) throw new SipLimitError('head', MAX_HEAD_BYTES);
      return false;
    }
    const head = parseHead(this.#buffer, this.#start, at + 4);
    this.#head = head;
    this.#bodyStart = at + 4;
    const length = contentLength(head);
    // Without a length nobody can say where the next message begins, RFC 3261 §20.14.
    if (length === undefined) throw new SipSyntaxError('content-length-missing', 0);
    if (typeof length !== 'number') throw length;
    if (length > MAX_BODY_BYTES) throw new SipLimitError('body', MAX_BODY_BYTES);
    this.#bodyLength = length;
    return true;
  }

  #readBody(): StreamUnit | undefined {
    const end = this.#bodyStart + this.#bodyLength;
    if (this.#head === undefined || this.#end < end) return undefined;
    const message = finish(this.#head, this.#buffer, this.#start, this.#bodyStart, this.#bodyLength);
    this.#head = undefined;
    this.#start = this.#searched = end;
    return { kind: 'message', message };
  }

  #break(error: SipError, head: Head | undefined): StreamUnit {
    if (head !== undefined) head.problem ??= error;
    const message = head === undefined ? undefined : finish(head, this.#buffer, this.#start, this.#bodyStart, 0);
    const bytes = this.#buffer.subarray(this.#start, this.#end);
    this.#broken = true;
    this.#buffer = Buffer.alloc(0);
    this.#head = undefined;
    return { kind: 'broken', error, message, bytes };
  }

  /**
   * Has room for `more` bytes after the last. A buffer is only ever appended to, since messages already given out
   * are windows on it; when it is full, what is left moves to one twice the size.
   */
  #makeRoom(more: number): void {
    if (this.#buffer.length - this.#end >= more) return;
    const kept = this.#end - this.#start;
    const whole = this.#head === undefined ? 0 : this.#bodyStart - this.#start + this.#bodyLength;
    const needed = Math.max(kept + more, whole);
    const size = Math.max(INITIAL_BYTES, 2 ** Math.ceil(Math.log2(needed)));
    const buffer = Buffer.allocUnsafe(size);
    this.#buffer.copy(buffer, 0, this.#start, this.#end);
    this.#searched -= this.#start;
    this.#bodyStart -= this.#start;
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = kept;
  }
}
