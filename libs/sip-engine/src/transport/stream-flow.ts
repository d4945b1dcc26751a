import { type Socket } from 'node:net';
import { type Timer } from '@callweave/clock';
import { StreamFramer } from '@callweave/sip';
import { reasonOf } from '../errors.ts';
import { type StreamDeps } from './tcp.ts';
import { type Flow, type Listener, type Protocol } from './transport.ts';

export interface StreamLimits {
  /** The longest time for the first message of a connection, and for any once begun: half of one only holds memory. */
  readonly messageMs: number;
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

/** How long a peer may take to close what we have ended. */
const END_MS = 1_000;

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
    this.#limit(limits.messageMs);
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
        this.#stopLimit();
        const { message } = unit;
        this.#parts.deps.user.onMessage({ message, flow: this, size: message.origin?.bytes.length ?? 0 });
        continue;
      }
      this.#parts.deps.log.debug('connection.broken', { peer: this.remoteAddress, reason: unit.error.message });
      const { message } = unit;
      if (message !== undefined) this.#parts.deps.user.onMessage({ message, flow: this, size: 0 });
      this.#open = false;
      this.#socket.end();
      this.#stopLimit();
      this.#limit(END_MS);
    }
    // One time for the whole message, however many pieces it comes in.
    if (this.#open && this.#deadline === undefined && this.#framer.isWithinMessage) {
      this.#limit(this.#parts.limits.messageMs);
    }
  }

  #limit(ms: number): void {
    this.#deadline = this.#parts.deps.clock.after(ms, () => this.close());
  }

  #stopLimit(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  #onClose(): void {
    this.#open = false;
    this.#stopLimit();
    this.#parts.onClosed();
  }
}
