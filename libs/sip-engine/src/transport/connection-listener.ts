import { type Server, type Socket } from 'node:net';
import { formatHostPort } from '@callweave/sip';
import { BindError, reasonOf } from '../errors.ts';
import { Advertiser, type Advertising, type NatDetection } from './address.ts';
import { type ConnectionFlow, type ConnectionParts, type StreamDeps, type StreamLimits } from './connection-flow.ts';
import { Newcomers, peerKey } from './newcomers.ts';
import { type Flow, type Listener, type Protocol } from './transport.ts';

export interface ConnectionOptions extends Advertising, StreamLimits {
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly natDetection?: NatDetection | undefined;
}

/** How every SIP connection that is accepted is set up. */
export const ACCEPTED = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 45_000 } as const;

/** Makes and binds a server. Rejects with `BindError`, also when it cannot be made. */
export async function bindServer<S extends Server>(
  protocol: Protocol,
  { address, port }: ConnectionOptions,
  create: () => S,
): Promise<S> {
  const failed = (error: unknown): BindError =>
    new BindError(`${protocol}/${formatHostPort(address, port)}`, reasonOf(error), { cause: error });
  let server: S;
  try {
    server = create();
  } catch (error) {
    throw failed(error);
  }
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => reject(failed(error));
    server.once('error', onError);
    server.listen({ host: address, port, exclusive: true }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  return server;
}

/** One bound server with its connections, those whose handshake is not over among them. */
export abstract class ConnectionListener<P extends Protocol = Protocol> implements Listener {
  readonly protocol: P;
  readonly address: string;
  readonly port: number;
  readonly natDetection: NatDetection | undefined;
  protected readonly options: ConnectionOptions;
  protected readonly deps: StreamDeps;
  protected readonly newcomers: Newcomers;
  readonly #server: Server;
  readonly #advertiser: Advertiser;
  /** By `peerKey`. */
  readonly #flows = new Map<string, ConnectionFlow>();
  /** By the `peerKey` of where those who opened them listen. */
  readonly #aliases = new Map<string, Flow>();
  /** Each has one at most. */
  readonly #aliasOf = new Map<Flow, string>();

  constructor(protocol: P, server: Server, options: ConnectionOptions, deps: StreamDeps) {
    this.protocol = protocol;
    this.options = options;
    this.deps = deps;
    this.newcomers = new Newcomers(options.messageMs, deps);
    this.address = options.address;
    this.natDetection = options.natDetection;
    this.#server = server;
    this.#advertiser = new Advertiser(options.address, options);
    const bound = server.address();
    this.port = typeof bound === 'object' && bound !== null ? bound.port : options.port;
    server.on('error', (error) => deps.log.warn('listener.failed', { protocol, reason: reasonOf(error) }));
    server.on('connection', (socket: Socket) => {
      if (deps.room.admits(socket)) {
        this.accept(socket);
        return;
      }
      deps.log.warn('connection.refused', { peer: socket.remoteAddress });
      socket.destroy();
    });
  }

  get connections(): number {
    return this.newcomers.size + this.#flows.size;
  }

  get publicHost(): string {
    return this.#advertiser.publicHost;
  }

  fitnessFor(peer: string): number {
    return this.#advertiser.fitnessFor(peer);
  }

  advertised(peer: string): { host: string; port: number } {
    return { host: this.#advertiser.hostFor(peer), port: this.port };
  }

  connectionTo(address: string, port: number): Flow | undefined {
    const key = peerKey(address, port);
    return [this.#flows.get(key), this.#aliases.get(key)].find((flow) => flow?.isOpen === true);
  }

  protected reuse(flow: Flow, port: number): void {
    const key = peerKey(flow.remoteAddress, port);
    if (this.#aliasOf.get(flow) === key || !flow.isOpen) return;
    this.#forgetAlias(flow);
    this.#aliases.set(key, flow);
    this.#aliasOf.set(flow, key);
  }

  #forgetAlias(flow: Flow): void {
    const key = this.#aliasOf.get(flow);
    this.#aliasOf.delete(flow);
    if (key !== undefined && this.#aliases.get(key) === flow) this.#aliases.delete(key);
  }

  flowTo(address: string, port: number): Flow | undefined {
    return this.connectionTo(address, port);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.newcomers.close();
    for (const flow of this.#flows.values()) flow.close();
    await closed;
  }

  /** A peer has connected, and there is room for it. */
  protected abstract accept(socket: Socket): void;

  /** Keeps a new flow until its connection ends; one that was to the same peer before is no longer found. */
  protected keep<F extends ConnectionFlow>(address: string, port: number, create: (parts: ConnectionParts) => F): F {
    const key = peerKey(address, port);
    const { protocol, options: limits, deps } = this;
    const onClosed = (): void => {
      if (this.#flows.get(key) === flow) this.#flows.delete(key);
      this.#forgetAlias(flow);
      deps.user.onFlowClosed(flow);
    };
    const flow: F = create({ protocol, listener: this, address, port, limits, deps, onClosed });
    this.#flows.set(key, flow);
    return flow;
  }
}
