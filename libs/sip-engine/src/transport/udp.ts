import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { formatHostPort, parseMessage, SipError, SipLimitError } from '@callweave/sip';
import { BindError, reasonOf } from '../errors.ts';
import { Advertiser, type Advertising, type NatDetection, plainAddress } from './address.ts';
import { type StreamDeps } from './connection-flow.ts';
import { type Flow, type Listener, type TransportUser } from './transport.ts';

/** What fits into one datagram over IPv4. */
const MAX_DATAGRAM = 65_507;

/** Bytes the kernel may hold for us: at 2,000 messages/s a pause of half a second. */
const RECEIVE_BUFFER = 2 * 1024 * 1024;

/** Anything shorter is a keep-alive or a probe: no request fits. RFC 5626 §3.5.1. */
const MIN_MESSAGE = 20;

/** Datagrams that libuv reads from a socket in one turn; the next go with the next. */
const TURN_DATAGRAMS = 32;

export interface UdpOptions extends Advertising {
  readonly natDetection?: NatDetection | undefined;
  readonly address: string;
  readonly port: number;
}

type UdpDeps = Pick<StreamDeps, 'user' | 'log' | 'room'>;

/** Binds one UDP socket. */
export async function listenUdp(options: UdpOptions, deps: UdpDeps): Promise<Listener> {
  const { log } = deps;
  const { address, port } = options;
  const isV6 = isIPv6(address);
  const socket = createSocket({
    type: isV6 ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER,
    // Names are resolved long before: without this, Node.js asks its resolver about every datagram, in a later turn.
    lookup: (host, _options, done) => done(null, host, isV6 ? 6 : 4),
  });
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => {
      socket.close();
      reject(new BindError(`udp/${formatHostPort(address, port)}`, reasonOf(error), { cause: error }));
    };
    socket.once('error', onError);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', onError);
      resolve();
    });
  });
  // Linux tells twice what it gives.
  const receiveBuffer = socket.getRecvBufferSize() / 2;
  if (receiveBuffer < RECEIVE_BUFFER) log.warn('udp.buffer-small', { bytes: receiveBuffer, wanted: RECEIVE_BUFFER });
  return new UdpListener(socket, options, deps);
}

class UdpListener implements Listener {
  readonly protocol = 'udp';
  readonly address: string;
  readonly port: number;
  readonly natDetection: NatDetection | undefined;
  readonly connections = 0;
  readonly #socket: Socket;
  readonly #advertiser: Advertiser;
  readonly #user: TransportUser;
  #open = true;
  #inTurn = 0;

  constructor(socket: Socket, options: UdpOptions, { user, log, room }: UdpDeps) {
    this.#socket = socket;
    this.#user = user;
    this.address = options.address;
    this.natDetection = options.natDetection;
    this.port = socket.address().port;
    this.#advertiser = new Advertiser(options.address, options);
    // Errors of single datagrams, for example an unreachable network; whoever waits for an answer times out.
    socket.on('error', (error) => log.debug('udp.failed', { reason: reasonOf(error) }));
    socket.on('message', (bytes, remote) => {
      this.#inTurn += 1;
      if (bytes.length < MIN_MESSAGE || this.#isNoSip(bytes)) {
        if (remote.port === this.port && remote.address === this.address) user.onProbe?.(bytes);
        return;
      }
      const flow = new UdpFlow(this, plainAddress(remote.address), remote.port);
      try {
        user.onMessage({ message: parseMessage(bytes), flow, size: bytes.length });
      } catch (error) {
        if (!(error instanceof SipError)) throw error;
        if (error instanceof SipLimitError) room.reached('message-size');
        log.debug('message.dropped', { peer: remote.address, reason: error.message });
        user.onUnreadable?.(flow, bytes);
      }
    });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get publicHost(): string {
    return this.#advertiser.publicHost;
  }

  flowTo(address: string, port: number): Flow {
    return new UdpFlow(this, address, port);
  }

  fitnessFor(peer: string): number {
    return this.#advertiser.fitnessFor(peer);
  }

  advertised(peer: string): { host: string; port: number } {
    return { host: this.#advertiser.hostFor(peer), port: this.port };
  }

  send(bytes: Buffer, to: Flow): boolean {
    if (!this.#open || bytes.length > MAX_DATAGRAM || to.remotePort === 0) return false;
    if (this.#user.onLeaving === undefined) this.#send(bytes, to);
    else this.#user.onLeaving(bytes, () => this.#send(bytes, to));
    return true;
  }

  #send(bytes: Buffer, to: Flow): void {
    // It may have been closed since.
    if (!this.#open) return;
    this.#socket.send(bytes, to.remotePort, to.remoteAddress);
    this.#user.onSent?.(to, bytes);
  }

  leftSome(): boolean {
    const isFull = this.#inTurn >= TURN_DATAGRAMS;
    this.#inTurn = 0;
    return isFull;
  }

  probe(bytes: Buffer): void {
    if (this.#open) this.#socket.send(bytes, this.port, this.address);
  }

  close(): Promise<void> {
    if (!this.#open) return Promise.resolve();
    this.#open = false;
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  /** STUN and other binary protocols share SIP ports; their first byte is no letter. RFC 5389 §8. */
  #isNoSip(bytes: Buffer): boolean {
    const first = bytes[0] ?? 0;
    return first < 32 && first !== 13;
  }
}

class UdpFlow implements Flow {
  readonly protocol = 'udp';
  readonly reliable = false;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly listener: UdpListener;

  constructor(listener: UdpListener, address: string, port: number) {
    this.listener = listener;
    this.remoteAddress = address;
    this.remotePort = port;
  }

  get isOpen(): boolean {
    return this.listener.isOpen;
  }

  send(bytes: Buffer): boolean {
    return this.listener.send(bytes, this);
  }
}
