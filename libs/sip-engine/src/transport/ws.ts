import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type Socket } from 'node:net';
import { type Duplex } from 'node:stream';
import { type Timer } from '@callweave/clock';
import { formatHostPort, MAX_BODY_BYTES, MAX_HEAD_BYTES } from '@callweave/sip';
import { WebSocketServer } from 'ws';
import { BindError, reasonOf } from '../errors.ts';
import { Advertiser, plainAddress } from './address.ts';
import { type StreamDeps, type TcpOptions } from './tcp.ts';
import { type Flow, type Listener } from './transport.ts';
import { WsFlow } from './ws-flow.ts';

/** What only websockets need. */
export interface WebSocketOptions {
  /** Web pages that may connect, as their Origin header names them; undefined: all. Other programs send none. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Certificate chain and key as PEM, for `wss`. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

export interface WsOptions extends TcpOptions, WebSocketOptions {
  readonly protocol: 'ws' | 'wss';
}

/** Name of SIP among what a websocket may carry, RFC 7118 §4.1. */
const SUBPROTOCOL = 'sip';

/** Headers of an upgrade; browsers send 1 kB and whatever cookies the page has. */
const MAX_UPGRADE_BYTES = 16 * 1024;

const KEEP_ALIVE = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 45_000 } as const;

/** Binds one TCP socket for websockets that carry SIP. RFC 7118. */
export async function listenWs(options: WsOptions, deps: StreamDeps): Promise<Listener> {
  const { protocol, address, port, messageMs, tls } = options;
  const endpoint = `${protocol}/${formatHostPort(address, port)}`;
  if (protocol === 'wss' && tls === undefined) throw new BindError(endpoint, 'no certificate and key');
  const settings = { ...KEEP_ALIVE, maxHeaderSize: MAX_UPGRADE_BYTES, requestTimeout: messageMs };
  let server: Server;
  try {
    server = protocol === 'wss' ? createSecureServer({ ...settings, ...tls }) : createServer(settings);
  } catch (error) {
    throw new BindError(endpoint, reasonOf(error), { cause: error });
  }
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => reject(new BindError(endpoint, reasonOf(error), { cause: error }));
    server.once('error', onError);
    server.listen({ host: address, port, exclusive: true }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  return new WsListener(server, options, deps);
}

/** Accepts websockets. It opens none: a browser cannot be connected to. RFC 7118 §7. */
class WsListener implements Listener {
  readonly protocol: 'ws' | 'wss';
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #options: WsOptions;
  readonly #deps: StreamDeps;
  readonly #advertiser: Advertiser;
  readonly #upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_HEAD_BYTES + MAX_BODY_BYTES,
    handleProtocols: () => SUBPROTOCOL,
  });
  /** Connections that have not become websockets, by "address port" of the peer; each with its time limit. */
  readonly #newcomers = new Map<string, { readonly socket: Socket; readonly deadline: Timer }>();
  readonly #flows = new Map<string, WsFlow>();

  constructor(server: Server, options: WsOptions, deps: StreamDeps) {
    this.#server = server;
    this.#options = options;
    this.#deps = deps;
    this.protocol = options.protocol;
    this.address = options.address;
    const bound = server.address();
    this.port = typeof bound === 'object' && bound !== null ? bound.port : options.port;
    this.#advertiser = new Advertiser(options.address, options);
    server.on('error', (error) => deps.log.warn('ws.failed', { reason: reasonOf(error) }));
    server.on('connection', (socket: Socket) => this.#accept(socket));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.on('request', (_request, response) => {
      response.writeHead(426, { Connection: 'close, Upgrade', Upgrade: 'websocket' }).end('SIP over websockets\n');
    });
  }

  get connections(): number {
    return this.#newcomers.size + this.#flows.size;
  }

  get publicHost(): string {
    return this.#advertiser.publicHost;
  }

  advertised(peer: string): { host: string; port: number } {
    return { host: this.#advertiser.hostFor(peer), port: this.port };
  }

  flowTo(address: string, port: number): Flow | undefined {
    return this.#flows.get(`${address} ${port}`);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket } of this.#newcomers.values()) socket.destroy();
    for (const flow of this.#flows.values()) flow.close();
    await closed;
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined || this.connections >= this.#options.maxConnections) {
      if (remoteAddress !== undefined) this.#deps.log.warn('connection.refused', { peer: remoteAddress });
      socket.destroy();
      return;
    }
    const key = `${plainAddress(remoteAddress)} ${remotePort}`;
    const deadline = this.#deps.clock.after(this.#options.messageMs, () => socket.destroy());
    this.#newcomers.set(key, { socket, deadline });
    socket.on('close', () => this.#admitted(key));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.#deps.log.debug('connection.refused', { peer: request.socket.remoteAddress, reason: refusal });
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#upgrader.handleUpgrade(request, socket, head, (websocket) => {
      const { remoteAddress = '', remotePort: port = 0 } = request.socket;
      const address = plainAddress(remoteAddress);
      const key = `${address} ${port}`;
      this.#admitted(key);
      const flow: WsFlow = new WsFlow({
        ...{ socket: websocket, protocol: this.protocol, listener: this, address, port },
        ...{ limits: this.#options, deps: this.#deps },
        onClosed: () => {
          if (this.#flows.get(key) === flow) this.#flows.delete(key);
          this.#deps.user.onFlowClosed(flow);
        },
      });
      this.#flows.set(key, flow);
    });
  }

  /** Why a peer may not have a websocket, as an HTTP status; what breaks RFC 6455 the library refuses. */
  #refusal({ headers }: IncomingMessage): string | undefined {
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(SUBPROTOCOL)) return '400 Bad Request';
    const { allowedOrigins } = this.#options;
    const isForeign = headers.origin !== undefined && allowedOrigins?.includes(headers.origin) === false;
    return isForeign ? '403 Forbidden' : undefined;
  }

  #admitted(key: string): void {
    this.#newcomers.get(key)?.deadline.cancel();
    this.#newcomers.delete(key);
  }
}
