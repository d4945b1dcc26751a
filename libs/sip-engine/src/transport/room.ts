import { type Socket } from 'node:net';
import { type LimitCounts, type LimitName } from '../limit-counts.ts';
import { plainAddress } from './address.ts';

export interface RoomOptions {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxBufferedBytes: number;
}

/** What all connections of the engine may take together, whichever socket they came by. */
export class Room {
  readonly #options: RoomOptions;
  readonly #counts: LimitCounts;
  readonly #byAddress = new Map<string, number>();
  #connections = 0;
  #bytes = 0;

  constructor(options: RoomOptions, counts: LimitCounts) {
    this.#options = options;
    this.#counts = counts;
  }

  /** What all connections hold of messages that have not ended or are not read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes in a connection until it closes; false when there is no room for it. */
  admits(socket: Socket): boolean {
    const address = plainAddress(socket.remoteAddress ?? '');
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (this.#connections >= this.#options.maxConnections) return this.#refuse('connections');
    if (ofAddress >= this.#options.maxConnectionsPerAddress) return this.#refuse('connections-of-address');
    this.#connections++;
    this.#byAddress.set(address, ofAddress + 1);
    socket.once('close', () => this.#left(address));
    return true;
  }

  /** A connection holds so many bytes more, or less, than before; false when that is too much for all of them. */
  holds(moreBytes: number): boolean {
    this.#bytes += moreBytes;
    return moreBytes <= 0 || this.#bytes <= this.#options.maxBufferedBytes || this.#refuse('buffered');
  }

  reached(limit: LimitName): void {
    this.#counts.reached(limit);
  }

  #left(address: string): void {
    this.#connections--;
    const ofAddress = (this.#byAddress.get(address) ?? 1) - 1;
    if (ofAddress === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, ofAddress);
  }

  #refuse(limit: LimitName): false {
    this.#counts.reached(limit);
    return false;
  }
}
