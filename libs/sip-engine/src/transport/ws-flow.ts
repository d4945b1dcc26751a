import { isUtf8 } from 'node:buffer';
import { type Timer } from '@callweave/clock';
import { parseMessage, SipError } from '@callweave/sip';
import { type WebSocket } from 'ws';
import { reasonOf } from '../errors.ts';
import { ConnectionFlow, type ConnectionParts } from './connection-flow.ts';

export interface WsFlowParts extends ConnectionParts {
  readonly socket: WebSocket;
}

/** How often a peer is asked whether it is there: often enough for proxies that close what is silent for a minute. */
const PING_MS = 25_000;

/** How long a peer may take to agree to the end of a connection. */
const END_MS = 1_000;

/** How the library calls a message, or the parts of one, that is longer than any SIP message. */
const TOO_LONG = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';

/** Close codes, RFC 6455 §7.4.1. */
const GOING_AWAY = 1001;
const PROTOCOL_ERROR = 1002;

/** One websocket that carries SIP, a message in each of its messages. RFC 7118 §5. */
export class WsFlow extends ConnectionFlow {
  readonly #socket: WebSocket;
  #nextPing: Timer;
  /** Whether anything has come since the last ping. */
  #heard = true;

  constructor({ socket, ...parts }: WsFlowParts) {
    super(parts);
    const { clock, log } = parts.deps;
    this.#socket = socket;
    this.#nextPing = clock.after(PING_MS, () => this.#ping());
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data) => this.#onMessage(data as Buffer));
    socket.on('pong', () => (this.#heard = true));
    socket.on('ping', () => (this.#heard = true));
    // What breaks RFC 6455 or is too long is closed by the library with the code for it.
    socket.on('error', (error) => {
      const reason = reasonOf(error);
      if (reason === TOO_LONG) parts.deps.room.reached('message-size');
      log.debug('connection.failed', { peer: parts.address, reason });
    });
    socket.on('close', () => {
      this.#nextPing.cancel();
      this.ended();
    });
  }

  override send(bytes: Buffer): boolean {
    if (!this.isOpen) return false;
    if (this.#socket.bufferedAmount > this.limits.maxQueuedBytes) {
      this.deps.room.reached('unread');
      this.abort();
      return false;
    }
    // A browser fails the connection over a text message that is not UTF-8, RFC 7118 §5.
    this.#socket.send(bytes, { binary: !isUtf8(bytes) }, () => this.holds(this.#socket.bufferedAmount));
    this.holds(this.#socket.bufferedAmount);
    this.deps.user.onSent?.(this, bytes);
    return true;
  }

  override close(): void {
    this.#end(GOING_AWAY);
  }

  protected override abort(): void {
    this.finish();
    this.#socket.terminate();
  }

  #onMessage(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.#heard = true;
    if (isBlank(bytes)) {
      // The keep-alive of streams, which some clients send here too. RFC 5626 §4.4.1.
      if (bytes.length === 4) this.send(Buffer.from('\r\n'));
      return;
    }
    const { user, log } = this.deps;
    try {
      const message = parseMessage(bytes);
      this.stopLimit();
      user.onMessage({ message, flow: this, size: bytes.length });
    } catch (error) {
      if (!(error instanceof SipError)) throw error;
      log.debug('connection.broken', { peer: this.remoteAddress, reason: error.message });
      user.onUnreadable?.(this, bytes);
      this.#end(PROTOCOL_ERROR);
    }
  }

  #ping(): void {
    if (!this.#heard) {
      this.abort();
      return;
    }
    this.#heard = false;
    this.#socket.ping();
    this.#nextPing = this.deps.clock.after(PING_MS, () => this.#ping());
  }

  #end(code: number): void {
    this.finish();
    this.#socket.close(code);
    this.limit(END_MS);
  }
}

/** Nothing but line ends. */
function isBlank(bytes: Buffer): boolean {
  return bytes.length <= 4 && bytes.every((byte) => byte === 13 || byte === 10);
}
