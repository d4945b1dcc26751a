import { type Socket } from 'node:net';
import { connect, createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls';
import { formatHostPort } from '@callweave/sip';
import { BindError, reasonOf } from '../errors.ts';
import { plainAddress } from './address.ts';
import { type StreamDeps } from './connection-flow.ts';
import { ACCEPTED, bindServer, ConnectionListener, type ConnectionOptions } from './connection-listener.ts';
import { peerKey } from './newcomers.ts';
import { StreamFlow } from './stream-flow.ts';
import { secureContext, secureOptions, type TlsOptions } from './tls-options.ts';
import { type Flow, type Listener } from './transport.ts';

export interface SecureOptions extends ConnectionOptions {
  readonly tls?: TlsOptions | undefined;
}

/** Binds one TCP socket for SIP inside TLS. RFC 3261 §26.2.1. */
export async function listenTls(options: SecureOptions, deps: StreamDeps): Promise<Listener> {
  const tls = requireTls('tls', options);
  const server = await bindServer('tls', options, () =>
    createServer({ ...ACCEPTED, ...peerOptions(tls), ...secureOptions(tls) }),
  );
  return new TlsListener(server, { ...options, tls }, deps);
}

/** The certificate of a listener that cannot do without. Throws `BindError`. */
export function requireTls(protocol: 'tls' | 'wss', { address, port, tls }: SecureOptions): TlsOptions {
  if (tls !== undefined) return tls;
  throw new BindError(`${protocol}/${formatHostPort(address, port)}`, 'no certificate and key');
}

/**
 * Whom we ask for a certificate. Who has none of the authority is refused by `isRefused`, and not by Node.js, which cannot
 * tell afterwards who it was.
 */
export function peerOptions({ peerCa }: TlsOptions): { requestCert: boolean; rejectUnauthorized: false } {
  return { requestCert: peerCa !== undefined, rejectUnauthorized: false };
}

/** Ends a connection whose handshake is over, before anything is read of it, when its peer has no good certificate. */
export function isRefused(socket: TLSSocket, { peerCa }: TlsOptions, { log }: Pick<StreamDeps, 'log'>): boolean {
  if (peerCa === undefined || socket.authorized) return false;
  log.warn('connection.refused', { peer: socket.remoteAddress, reason: String(socket.authorizationError) });
  socket.destroy();
  return true;
}

/** Accepts and opens connections; one to a peer is used again in both directions. RFC 3261 §18.1.1. */
class TlsListener extends ConnectionListener<'tls'> {
  readonly #server: Server;
  #tls: TlsOptions;
  /** For connections that we open. */
  #context: SecureContext;

  constructor(server: Server, options: SecureOptions & { readonly tls: TlsOptions }, deps: StreamDeps) {
    super('tls', server, options, deps);
    this.#server = server;
    this.#tls = options.tls;
    this.#context = secureContext(options.tls);
    server.on('secureConnection', (socket) => this.#secured(socket));
    server.on('tlsClientError', (error, socket) => {
      deps.log.debug('connection.failed', { peer: socket.remoteAddress, reason: reasonOf(error) });
      socket.destroy();
    });
  }

  override flowTo(address: string, port: number): Flow {
    return this.connectionTo(address, port) ?? this.#open(address, port);
  }

  /** Where no peer need show a certificate, anybody could say that he listens where another does. RFC 5923 §9.1. */
  get reuses(): boolean {
    return this.#tls.peerCa !== undefined;
  }

  alias(flow: Flow, port: number): void {
    if (this.reuses) this.reuse(flow, port);
  }

  /** Shows another certificate to whoever connects from now on. Throws when it cannot be used. */
  renew(tls: TlsOptions): void {
    this.#context = secureContext(tls);
    this.#server.setSecureContext(secureOptions(tls));
    this.#tls = tls;
  }

  protected override accept(socket: Socket): void {
    this.newcomers.add(socket);
  }

  #secured(socket: TLSSocket): void {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    this.newcomers.settled(peerKey(remoteAddress, remotePort));
    if (isRefused(socket, this.#tls, this.deps)) return;
    this.#keep(socket, plainAddress(remoteAddress), remotePort);
  }

  #open(host: string, port: number): StreamFlow {
    const socket = connect({
      ...{ host, port, localAddress: this.address, secureContext: this.#context },
      // By now a name has become an address, so that only who signed the certificate can be asked.
      ...{ rejectUnauthorized: this.#tls.peerCa !== undefined, checkServerIdentity: () => undefined },
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    return this.#keep(socket, host, port);
  }

  #keep(socket: Socket, address: string, port: number): StreamFlow {
    return this.keep(address, port, (parts) => new StreamFlow({ ...parts, socket }));
  }
}
