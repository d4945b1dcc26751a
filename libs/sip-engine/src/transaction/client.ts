import { type SipResponse } from '@callweave/sip';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { type TimerWheel } from './wheel.ts';
import { type TimerValues } from './timers.ts';

/** Why a client transaction ended without a final response. */
export type ClientFailure = 'timeout' | 'transport';

/** Who sent the request. */
export interface ClientUser {
  onResponse(inbound: Inbound<SipResponse>): void;
  onFailure(failure: ClientFailure): void;
  /** Its INVITE is over: no copy of a response comes any more. */
  onEnded?(): void;
}

/** What a client transaction is made of. */
export interface ClientParts {
  readonly key: string;
  /** The request as sent; kept to be sent again. */
  readonly bytes: Buffer;
  readonly flow: Flow;
  readonly user: ClientUser;
  readonly wheel: TimerWheel;
  readonly timers: TimerValues;
  readonly onTerminated: (transaction: ClientTransaction) => void;
}

/** A request of ours on its way. */
export interface ClientTransaction {
  readonly key: string;
  readonly flow: Flow;
  /** Sends the request for the first time. */
  begin(): void;
  receive(inbound: Inbound<SipResponse>): void;
  transportError(): void;
}
