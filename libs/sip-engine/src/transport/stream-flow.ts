import { type Socket } from 'node:net';
import { type Timer } from '@callweave/clock';
import { StreamFramer } from '@callweave/sip';
import { reasonOf } from '../errors.ts';
import { type StreamDeps } from './tcp.ts';
import { type Flow, type Listener, type Protocol } from './transport.ts';

export interface StreamLimits {
  /** A connection that has not sent one whole message in this time is closed: it only holds memory. */
  readonly firstMessageMs: number;
  /** A peer that reads nothing while this much waits for it is gone. */
  readonly maxQueuedBytes: number;
}

export interface StreamFlowParts {
  readonly socket: Socket;
  readonly protocol: Protocol;
  readonly listener: Listener;
  readonly address: string;
  readonly port: number;
  readonly limits: StreamLimits;
  readonly deps: StreamDeps;
  readonly onClosed: () => void;
}

const PONG = Buffer.from('\r\n');

/** One connection that carries SIP. Answers keep-alives itself, RFC 5626 §4.4.1. */
export class StreamFlow implements Flow {
  readonly protocol: Protocol;
  readonly reliable = true;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly listener: Listener;
  readonly #socket: Socket;
  readonly #framer = new StreamFramer();
  readonly #parts: StreamFlowParts;
  #deadline: Timer | undefined;
  #open = true;

  constructor(parts: StreamFlowParts) {
    const { socket, limits, deps } = parts;
    this.#parts = parts;
    this.#socket = socket;
    this.protocol = parts.protocol;
    this.listener = parts.listener;
    this.remoteAddress = parts.address;
    this.remotePort = parts.port;
    this.#deadline = deps.clock.after(limits.firstMessageMs, () => this.close());
    socket.on('data', (chunk) => this.#onData(chunk));
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
    if (this.#socket.writableLength > this.#parts.limits.maxQueuedBytes) {
      this.close();
      return false;
    }
    this.#socket.write(bytes);
    return true;
  }

  close(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#framer.push(chunk);
    for (let unit = this.#framer.next(); unit !== undefined && this.#open; unit = this.#framer.next()) {
      if (unit.kind === 'ping') {
        this.send(PONG);
        continue;
      }
      if (unit.kind === 'message') {
        this.#deadline?.cancel();
        this.#deadline = undefined;
        const { message } = unit;
        this.#parts.deps.user.onMessage({ message, flow: this, size: message.origin?.bytes.length ?? 0 });
        continue;
      }
      this.#parts.deps.log.debug('connection.broken', { peer: this.remoteAddress, reason: unit.error.message });
      const { message } = unit;
      if (message !== undefined) this.#parts.deps.user.onMessage({ message, flow: this, size: 0 });
      this.#open = false;
      this.#socket.end();
    }
  }

  #onClose(): void {
    this.#open = false;
    this.#deadline?.cancel();
    this.#parts.onClosed();
  }
}
