import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { type Socket } from 'node:net';
import { type Duplex } from 'node:stream';
import { MAX_BODY_BYTES, MAX_HEAD_BYTES } from '@callweave/sip';
import { WebSocketServer } from 'ws';
import { plainAddress } from './address.ts';
import { type StreamDeps } from './connection-flow.ts';
import { ACCEPTED, bindServer, ConnectionListener } from './connection-listener.ts';
import { peerKey } from './newcomers.ts';
import { isRefused, peerOptions, requireTls, type SecureOptions } from './tls.ts';
import { secureOptions, type TlsOptions } from './tls-options.ts';
import { type Listener } from './transport.ts';
import { WsFlow } from './ws-flow.ts';

/** What only websockets need. */
export interface WebSocketOptions {
  /** Web pages that may connect, as their Origin header names them; undefined: all. Other programs send none. */
  readonly allowedOrigins?: readonly string[] | undefined;
}

export interface WsOptions extends SecureOptions, WebSocketOptions {
  readonly protocol: 'ws' | 'wss';
}

/** Name of SIP among what a websocket may carry, RFC 7118 §4.1. */
const SUBPROTOCOL = 'sip';

/** Headers of an upgrade; browsers send 1 kB and whatever cookies the page has. */
const MAX_UPGRADE_BYTES = 16 * 1024;

/** Binds one TCP socket for websockets that carry SIP. RFC 7118. */
export async function listenWs(options: WsOptions, deps: StreamDeps): Promise<Listener> {
  const { protocol, messageMs } = options;
  const settings = { ...ACCEPTED, maxHeaderSize: MAX_UPGRADE_BYTES, requestTimeout: messageMs };
  if (protocol === 'ws') {
    return new WsListener(await bindServer(protocol, options, () => createServer(settings)), options, deps);
  }
  const tls = requireTls(protocol, options);
  const create = (): SecureServer => createSecureServer({ ...settings, ...peerOptions(tls), ...secureOptions(tls) });
  return new WssListener(await bindServer(protocol, options, create), { ...options, tls }, deps);
}

/** Accepts websockets. It opens none: a browser cannot be connected to. RFC 7118 §7. */
class WsListener extends ConnectionListener<'ws' | 'wss'> {
  readonly #allowedOrigins: readonly string[] | undefined;
  readonly #upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_HEAD_BYTES + MAX_BODY_BYTES,
    handleProtocols: () => SUBPROTOCOL,
  });

  constructor(server: Server, options: WsOptions, deps: StreamDeps) {
    super(options.protocol, server, options, deps);
    this.#allowedOrigins = options.allowedOrigins;
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.on('request', (_request, response) => {
      response.writeHead(426, { Connection: 'close, Upgrade', Upgrade: 'websocket' }).end('SIP over websockets\n');
    });
  }

  protected override accept(socket: Socket): void {
    this.newcomers.add(socket);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.deps.log.debug('connection.refused', { peer: request.socket.remoteAddress, reason: refusal });
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#upgrader.handleUpgrade(request, socket, head, (websocket) => {
      const { remoteAddress = '', remotePort = 0 } = request.socket;
      this.newcomers.settled(peerKey(remoteAddress, remotePort));
      this.keep(plainAddress(remoteAddress), remotePort, (parts) => new WsFlow({ ...parts, socket: websocket }));
    });
  }

  /** Why a peer may not have a websocket, as an HTTP status; what breaks RFC 6455 the library refuses. */
  #refusal({ headers }: IncomingMessage): string | undefined {
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(SUBPROTOCOL)) return '400 Bad Request';
    const isForeign = headers.origin !== undefined && this.#allowedOrigins?.includes(headers.origin) === false;
    return isForeign ? '403 Forbidden' : undefined;
  }
}

/** The same inside TLS. */
class WssListener extends WsListener {
  readonly #server: SecureServer;

  constructor(server: SecureServer, options: WsOptions & { readonly tls: TlsOptions }, deps: StreamDeps) {
    super(server, options, deps);
    const { tls } = options;
    server.prependListener('secureConnection', (socket) => isRefused(socket, tls, deps));
    this.#server = server;
  }

  /** Shows another certificate to whoever connects from now on. */
  renew(tls: TlsOptions): void {
    this.#server.setSecureContext(secureOptions(tls));
  }
}
