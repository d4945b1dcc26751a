import { type TimerWheel } from './wheel.ts';
import { type TimerValues } from './timers.ts';

/** Who answers the request. */
export interface ServerUser {
  /** Sends towards whoever asked; false when there is no way. */
  send(bytes: Buffer): boolean;
  /** A failure to INVITE was never acknowledged. */
  onNoAck(): void;
  onTransportError(): void;
}

/** What a server transaction is made of. */
export interface ServerParts {
  readonly key: string;
  readonly reliable: boolean;
  readonly user: ServerUser;
  readonly wheel: TimerWheel;
  readonly timers: TimerValues;
  readonly onTerminated: (transaction: ServerTransaction) => void;
}

/** A request of somebody else's in our hands. */
export interface ServerTransaction {
  readonly key: string;
  /** The request has come again. */
  repeated(): void;
  /** Sends a response and keeps it for repetitions. */
  respond(status: number, bytes: Buffer): void;
  /** There will be no response: that of a proxy would come too late, RFC 4320 §4.2. */
  abandoned(): void;
}
