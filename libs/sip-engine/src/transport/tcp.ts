import { createServer, connect, type Server, type Socket } from 'node:net';
import { formatHostPort } from '@callweave/sip';
import { type Clock } from '@callweave/clock';
import { type Logger } from '@callweave/telemetry';
import { BindError, reasonOf } from '../errors.ts';
import { Advertiser, type Advertising, plainAddress } from './address.ts';
import { StreamFlow, type StreamLimits } from './stream-flow.ts';
import { type Flow, type Listener, type TransportUser } from './transport.ts';

export interface TcpOptions extends Advertising, StreamLimits {
  readonly address: string;
  readonly port: number;
  /** Connections beyond this are closed at once. */
  readonly maxConnections: number;
}

export interface StreamDeps {
  readonly user: TransportUser;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Binds one TCP socket. */
export async function listenTcp(options: TcpOptions, deps: StreamDeps): Promise<Listener> {
  const { address, port } = options;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 45_000 });
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => {
      reject(new BindError(`tcp/${formatHostPort(address, port)}`, reasonOf(error), { cause: error }));
    };
    server.once('error', onError);
    server.listen({ host: address, port, exclusive: true }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  return new TcpListener(server, options, deps);
}

/** Accepts and opens connections; one to a peer is used again in both directions. RFC 3261 §18.1.1. */
class TcpListener implements Listener {
  readonly protocol = 'tcp';
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #options: TcpOptions;
  readonly #deps: StreamDeps;
  readonly #advertiser: Advertiser;
  /** By "address port" of the peer. */
  readonly #flows = new Map<string, StreamFlow>();

  constructor(server: Server, options: TcpOptions, deps: StreamDeps) {
    this.#server = server;
    this.#options = options;
    this.#deps = deps;
    this.address = options.address;
    const bound = server.address();
    this.port = typeof bound === 'object' && bound !== null ? bound.port : options.port;
    this.#advertiser = new Advertiser(options.address, options);
    server.on('error', (error) => deps.log.warn('tcp.failed', { reason: reasonOf(error) }));
    server.on('connection', (socket) => this.#accept(socket));
  }

  get connections(): number {
    return this.#flows.size;
  }

  get publicHost(): string {
    return this.#advertiser.publicHost;
  }

  advertised(peer: string): { host: string; port: number } {
    return { host: this.#advertiser.hostFor(peer), port: this.port };
  }

  flowTo(address: string, port: number): Flow {
    const known = this.#flows.get(`${address} ${port}`);
    if (known?.isOpen === true) return known;
    const socket = connect({ host: address, port, localAddress: this.address, noDelay: true, keepAlive: true });
    return this.#add(socket, address, port);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const flow of this.#flows.values()) flow.close();
    await closed;
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined || this.#flows.size >= this.#options.maxConnections) {
      if (remoteAddress !== undefined) this.#deps.log.warn('connection.refused', { peer: remoteAddress });
      socket.destroy();
      return;
    }
    this.#add(socket, plainAddress(remoteAddress), remotePort);
  }

  #add(socket: Socket, address: string, port: number): StreamFlow {
    const key = `${address} ${port}`;
    const flow: StreamFlow = new StreamFlow({
      ...{ socket, protocol: 'tcp', listener: this, address, port, limits: this.#options, deps: this.#deps },
      onClosed: () => {
        if (this.#flows.get(key) === flow) this.#flows.delete(key);
        this.#deps.user.onFlowClosed(flow);
      },
    });
    this.#flows.set(key, flow);
    return flow;
  }
}
