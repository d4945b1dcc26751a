import { isUtf8 } from 'node:buffer';
import { type Timer } from '@callweave/clock';
import { parseMessage, SipError } from '@callweave/sip';
import { type WebSocket } from 'ws';
import { reasonOf } from '../errors.ts';
import { type StreamLimits } from './stream-flow.ts';
import { type StreamDeps } from './tcp.ts';
import { type Flow, type Listener } from './transport.ts';

export interface WsFlowParts {
  readonly socket: WebSocket;
  readonly protocol: 'ws' | 'wss';
  readonly listener: Listener;
  readonly address: string;
  readonly port: number;
  readonly limits: StreamLimits;
  readonly deps: StreamDeps;
  readonly onClosed: () => void;
}

/** How often a peer is asked whether it is there: often enough for proxies that close what is silent for a minute. */
const PING_MS = 25_000;

/** How long a peer may take to agree to the end of a connection. */
const END_MS = 1_000;

/** Close codes, RFC 6455 §7.4.1. */
const GOING_AWAY = 1001;
const PROTOCOL_ERROR = 1002;

/** One websocket that carries SIP, a message in each of its messages. RFC 7118 §5. */
export class WsFlow implements Flow {
  readonly protocol: 'ws' | 'wss';
  readonly reliable = true;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly listener: Listener;
  readonly #socket: WebSocket;
  readonly #parts: WsFlowParts;
  #deadline: Timer | undefined;
  #nextPing: Timer | undefined;
  /** Whether anything has come since the last ping. */
  #heard = true;
  #open = true;

  constructor(parts: WsFlowParts) {
    const { socket, limits, deps } = parts;
    this.#parts = parts;
    this.#socket = socket;
    this.protocol = parts.protocol;
    this.listener = parts.listener;
    this.remoteAddress = parts.address;
    this.remotePort = parts.port;
    this.#limit(limits.messageMs);
    this.#nextPing = deps.clock.after(PING_MS, () => this.#ping());
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data) => this.#onMessage(data as Buffer));
    socket.on('pong', () => (this.#heard = true));
    socket.on('ping', () => (this.#heard = true));
    // What breaks RFC 6455 or is too long is closed by the library with the code for it.
    socket.on('error', (error) =>
      deps.log.debug('connection.failed', { peer: parts.address, reason: reasonOf(error) }),
    );
    socket.on('close', () => this.#onClose());
  }

  get isOpen(): boolean {
    return this.#open;
  }

  send(bytes: Buffer): boolean {
    if (!this.#open) return false;
    if (this.#socket.bufferedAmount > this.#parts.limits.maxQueuedBytes) {
      this.#open = false;
      this.#socket.terminate();
      return false;
    }
    // A browser fails the connection over a text message that is not UTF-8, RFC 7118 §5.
    this.#socket.send(bytes, { binary: !isUtf8(bytes) });
    return true;
  }

  close(): void {
    this.#end(GOING_AWAY);
  }

  #onMessage(bytes: Buffer): void {
    if (!this.#open) return;
    this.#heard = true;
    if (isBlank(bytes)) {
      // The keep-alive of streams, which some clients send here too. RFC 5626 §4.4.1.
      if (bytes.length === 4) this.send(Buffer.from('\r\n'));
      return;
    }
    const { user, log } = this.#parts.deps;
    try {
      const message = parseMessage(bytes);
      this.#stopLimit();
      user.onMessage({ message, flow: this, size: bytes.length });
    } catch (error) {
      if (!(error instanceof SipError)) throw error;
      log.debug('connection.broken', { peer: this.remoteAddress, reason: error.message });
      this.#end(PROTOCOL_ERROR);
    }
  }

  #ping(): void {
    if (!this.#heard) {
      this.#socket.terminate();
      return;
    }
    this.#heard = false;
    this.#socket.ping();
    this.#nextPing = this.#parts.deps.clock.after(PING_MS, () => this.#ping());
  }

  #end(code: number): void {
    this.#open = false;
    this.#socket.close(code);
    this.#stopLimit();
    this.#limit(END_MS);
  }

  #limit(ms: number): void {
    this.#deadline = this.#parts.deps.clock.after(ms, () => this.#socket.terminate());
  }

  #stopLimit(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  #onClose(): void {
    this.#open = false;
    this.#stopLimit();
    this.#nextPing?.cancel();
    this.#parts.onClosed();
  }
}

/** Nothing but line ends. */
function isBlank(bytes: Buffer): boolean {
  return bytes.length <= 4 && bytes.every((byte) => byte === 13 || byte === 10);
}
