import { type SipMessage, type SipRequest, type SipResponse } from '@callweave/sip';
import { type NatDetection } from './address.ts';
import { type TlsOptions } from './tls-options.ts';

/** What SIP travels on. */
export const protocols = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;
export type Protocol = (typeof protocols)[number];

/** A way to one peer: a UDP address seen from one socket of ours, or one connection. RFC 5626 §3. */
export interface Flow {
  readonly protocol: Protocol;
  /** Whether the transport delivers by itself, so that nothing is to be sent again. */
  readonly reliable: boolean;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly listener: Listener;
  /** False when nothing can go this way any more. */
  readonly isOpen: boolean;
  /** Sends, or returns false when it is known at once that it cannot. */
  send(bytes: Buffer): boolean;
}

/** One bound socket. */
export interface Listener {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** How it is told that peers are behind a NAT; `contact` unless said. */
  readonly natDetection?: NatDetection | undefined;
  /** The flow to a peer: for streams an open connection, or a new one; undefined where only the peer can open one. */
  flowTo(address: string, port: number): Flow | undefined;
  /** Of streams: the open connection to a peer, whoever opened it. */
  connectionTo?(address: string, port: number): Flow | undefined;
  /**
   * Whether connections are used for requests in both directions whoever opened them: both sides have proved who they
   * are. RFC 5923 §4.
   */
  readonly reuses?: boolean;
  /** Who opened a connection is reached by it as if he listened at this port of his, RFC 5923 §5. */
  alias?(flow: Flow, port: number): void;
  /** The host and port that a peer at `address` should use to reach us. */
  advertised(address: string): { readonly host: string; readonly port: number };
  /** The same for peers in general. */
  readonly publicHost: string;
  /** How well a peer at `address` is reached from this socket, compared with others of ours. */
  fitnessFor(address: string): number;
  /** How many connections are open. */
  readonly connections: number;
  /** Sends itself a few bytes, by the queue in which messages wait; absent where connections have one each. */
  readonly probe?: (bytes: Buffer) => void;
  /** Where there is TLS: shows another certificate to whoever connects from now on. Throws when it cannot be used. */
  renew?(tls: TlsOptions): void;
  /** Whether messages may be waiting that the present turn of the event loop leaves to the next; asked once a turn. */
  leftSome?(): boolean;
  close(): Promise<void>;
}

/** A message as it arrived. */
export interface Inbound<M extends SipMessage = SipMessage> {
  readonly message: M;
  readonly flow: Flow;
  /** Bytes on the wire. */
  readonly size: number;
}

export function isRequest(inbound: Inbound): inbound is Inbound<SipRequest> {
  return inbound.message.kind === 'request';
}

export function isResponse(inbound: Inbound): inbound is Inbound<SipResponse> {
  return inbound.message.kind === 'response';
}

/** Who takes what arrives; calls must not throw. */
export interface TransportUser {
  onMessage(inbound: Inbound): void;
  /** A datagram is about to leave, and does when `go` is called. Absent when nothing stands in its way. */
  readonly onLeaving?: ((bytes: Buffer, go: () => void) => void) | undefined;
  /** A message was sent. Absent when nobody wants to know. */
  readonly onSent?: ((flow: Flow, bytes: Buffer) => void) | undefined;
  /** What came is no message that can be read; nothing else becomes of it. */
  onUnreadable?(flow: Flow, bytes: Buffer): void;
  /** A socket's own probe has come back. */
  onProbe?(bytes: Buffer): void;
  /** A flow has ended; what waits for it is to be told. */
  onFlowClosed(flow: Flow): void;
}

/** The port of a protocol when nothing is said, RFC 3261 §19.1.2, RFC 7118 §5.2. */
export function defaultPort(protocol: Protocol): number {
  if (protocol === 'ws') return 80;
  if (protocol === 'wss') return 443;
  return protocol === 'tls' ? 5061 : 5060;
}
