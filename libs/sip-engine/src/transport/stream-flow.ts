import { type Socket } from 'node:net';
import { SipLimitError, StreamFramer } from '@callweave/sip';
import { reasonOf } from '../errors.ts';
import { ConnectionFlow, type ConnectionParts } from './connection-flow.ts';

export interface StreamFlowParts extends ConnectionParts {
  readonly socket: Socket;
}

/** How long a peer may take to close what we have ended. */
const END_MS = 1_000;

const PONG = Buffer.from('\r\n');

/** One connection that carries SIP as a stream. Answers keep-alives itself, RFC 5626 §4.4.1. */
export class StreamFlow extends ConnectionFlow {
  readonly #socket: Socket;
  readonly #framer = new StreamFramer();

  constructor({ socket, ...parts }: StreamFlowParts) {
    super(parts);
    this.#socket = socket;
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', (error) =>
      parts.deps.log.debug('connection.failed', { peer: parts.address, reason: reasonOf(error) }),
    );
    socket.on('drain', () => this.#count());
    socket.on('close', () => this.ended());
  }

  override send(bytes: Buffer): boolean {
    if (!this.isOpen) return false;
    if (this.#socket.writableLength > this.limits.maxQueuedBytes) {
      this.deps.room.reached('unread');
      this.close();
      return false;
    }
    this.#socket.write(bytes);
    this.deps.user.onSent?.(this, bytes);
    this.#count();
    return true;
  }

  override close(): void {
    this.abort();
  }

  protected override abort(): void {
    this.finish();
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#framer.push(chunk);
    for (let unit = this.#framer.next(); unit !== undefined && this.isOpen; unit = this.#framer.next()) {
      if (unit.kind === 'ping') {
        this.send(PONG);
        continue;
      }
      if (unit.kind === 'message') {
        this.stopLimit();
        const { message } = unit;
        this.deps.user.onMessage({ message, flow: this, size: message.origin?.bytes.length ?? 0 });
        continue;
      }
      if (unit.error instanceof SipLimitError) this.deps.room.reached('message-size');
      this.deps.log.debug('connection.broken', { peer: this.remoteAddress, reason: unit.error.message });
      const { message, bytes } = unit;
      if (message === undefined) this.deps.user.onUnreadable?.(this, bytes);
      else this.deps.user.onMessage({ message, flow: this, size: 0 });
      this.finish();
      this.#socket.end();
      this.limit(END_MS);
    }
    // One time for the whole message, however many pieces it comes in.
    if (this.isOpen && !this.isLimited && this.#framer.isWithinMessage) this.limit(this.limits.messageMs);
    this.#count();
  }

  #count(): void {
    this.holds(this.#framer.bufferedBytes + this.#socket.writableLength);
  }
}
