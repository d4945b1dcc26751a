import { type Socket } from 'node:net';
import { type Timer } from '@callweave/clock';
import { plainAddress } from './address.ts';
import { type StreamDeps } from './connection-flow.ts';

/** What a peer is known by among the connections of a listener. */
export function peerKey(address: string, port: number): string {
  return `${plainAddress(address)} ${port}`;
}

/** Connections whose handshake is not over, each with its time limit. */
export class Newcomers {
  readonly #waiting = new Map<string, { readonly socket: Socket; readonly deadline: Timer }>();
  readonly #limitMs: number;
  readonly #deps: StreamDeps;

  constructor(limitMs: number, deps: StreamDeps) {
    this.#limitMs = limitMs;
    this.#deps = deps;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Waits for the handshake of one that has connected. */
  add(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    const key = peerKey(remoteAddress, remotePort);
    const deadline = this.#deps.clock.after(this.#limitMs, () => {
      this.#deps.room.reached('unfinished-message');
      socket.destroy();
    });
    this.#waiting.set(key, { socket, deadline });
    socket.on('close', () => this.settled(key));
  }

  /** Forgets one: its handshake is over, or it has gone. */
  settled(key: string): void {
    this.#waiting.get(key)?.deadline.cancel();
    this.#waiting.delete(key);
  }

  close(): void {
    for (const { socket } of this.#waiting.values()) socket.destroy();
  }
}
