import { type Clock, type Timer } from '@callweave/clock';
import { type Logger } from '@callweave/telemetry';
import { type Room } from './room.ts';
import { type Flow, type Listener, type Protocol, type TransportUser } from './transport.ts';

/** What everything that holds connections works with. */
export interface StreamDeps {
  readonly user: TransportUser;
  readonly log: Logger;
  readonly clock: Clock;
  readonly room: Room;
}

export interface StreamLimits {
  /** The longest time for the first message of a connection, and for any once begun: half of one only holds memory. */
  readonly messageMs: number;
  /** A peer that reads nothing while this much waits for it is gone. */
  readonly maxQueuedBytes: number;
}

export interface ConnectionParts {
  readonly protocol: Protocol;
  readonly listener: Listener;
  readonly address: string;
  readonly port: number;
  readonly limits: StreamLimits;
  readonly deps: StreamDeps;
  readonly onClosed: () => void;
}

/** What flows by connections share: their peer, one time limit at a time, and an end that is told once. */
export abstract class ConnectionFlow implements Flow {
  readonly protocol: Protocol;
  readonly reliable = true;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly listener: Listener;
  protected readonly limits: StreamLimits;
  protected readonly deps: StreamDeps;
  readonly #onClosed: () => void;
  #deadline: Timer | undefined;
  #open = true;
  #heldBytes = 0;

  constructor({ protocol, listener, address, port, limits, deps, onClosed }: ConnectionParts) {
    this.protocol = protocol;
    this.listener = listener;
    this.remoteAddress = address;
    this.remotePort = port;
    this.limits = limits;
    this.deps = deps;
    this.#onClosed = onClosed;
    this.limit(limits.messageMs);
  }

  get isOpen(): boolean {
    return this.#open;
  }

  abstract send(bytes: Buffer): boolean;

  /** Ends the connection as its protocol wants. */
  abstract close(): void;

  /** Ends it at once, whatever the peer is doing. */
  protected abstract abort(): void;

  /** Nothing is sent or taken any more, also while the connection itself lasts. */
  protected finish(): void {
    this.#open = false;
  }

  /** What it holds in memory now, either way; what is too much for all connections together ends it. */
  protected holds(bytes: number): void {
    const more = bytes - this.#heldBytes;
    this.#heldBytes = bytes;
    if (more !== 0 && !this.deps.room.holds(more) && this.#open) this.abort();
  }

  /** The connection has gone. */
  protected ended(): void {
    this.#open = false;
    this.holds(0);
    this.stopLimit();
    this.#onClosed();
  }

  protected get isLimited(): boolean {
    return this.#deadline !== undefined;
  }

  protected limit(ms: number): void {
    this.stopLimit();
    this.#deadline = this.deps.clock.after(ms, () => {
      if (this.#open) this.deps.room.reached('unfinished-message');
      this.abort();
    });
  }

  protected stopLimit(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }
}
