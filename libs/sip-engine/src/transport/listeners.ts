import { isIPv6 } from 'node:net';
import { formatHostPort, unbracket } from '@callweave/sip';
import { expandWildcard, type NatDetection } from './address.ts';
import { type StreamDeps } from './connection-flow.ts';
import { type ConnectionOptions } from './connection-listener.ts';
import { listenTcp } from './tcp.ts';
import { listenTls } from './tls.ts';
import { secureContext, type TlsOptions } from './tls-options.ts';
import { type Flow, type Listener, type Protocol } from './transport.ts';
import { listenUdp } from './udp.ts';
import { listenWs, type WebSocketOptions } from './ws.ts';

/** One address to listen at, as drachtio-server's `--contact` gives it. */
export interface ContactOption {
  readonly address: string;
  /** 0 takes any free port, the same for every protocol of this contact. */
  readonly port: number;
  readonly protocols: readonly Protocol[];
  readonly externalIp?: string | undefined;
  readonly localNet?: string | undefined;
  /** Names by which peers may call this address. */
  readonly dnsNames?: readonly string[] | undefined;
}

/** How often a free port is looked for before it is given up. */
const MAX_PORT_ATTEMPTS = 10;

type Settings = Pick<ConnectionOptions, 'messageMs' | 'maxQueuedBytes'> &
  WebSocketOptions & { readonly tls?: TlsOptions | undefined; readonly natDetection?: NatDetection | undefined };

/** Every socket that SIP arrives at, and the choice of the one to send from. */
export class Listeners {
  readonly #all: Listener[] = [];
  /** "host:port" under which we are known. */
  readonly #own = new Set<string>();

  get all(): readonly Listener[] {
    return this.#all;
  }

  get connections(): number {
    return this.#all.reduce((sum, listener) => sum + listener.connections, 0);
  }

  /** How many connections there are by each protocol that has any. */
  connectionsBy(): ReadonlyMap<Protocol, number> {
    const counts = new Map<Protocol, number>();
    for (const { protocol, connections } of this.#all) {
      if (protocol !== 'udp') counts.set(protocol, (counts.get(protocol) ?? 0) + connections);
    }
    return counts;
  }

  /** Binds every contact; when one fails, those before it are closed again. */
  async bind(contacts: readonly ContactOption[], settings: Settings, deps: StreamDeps): Promise<void> {
    try {
      for (const contact of contacts) {
        for (const address of expandWildcard(unbracket(contact.address))) {
          await this.#bindOne({ ...contact, address }, settings, deps);
        }
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** `tcp/192.0.2.1:5060`, the external address where one is configured. */
  hostPorts(): string[] {
    return this.#all.map(({ protocol, publicHost, port }) => `${protocol}/${formatHostPort(publicHost, port)}`);
  }

  /** The same with the real local addresses. */
  localHostPorts(): string[] {
    return this.#all.map(({ protocol, address, port }) => `${protocol}/${formatHostPort(address, port)}`);
  }

  /** The socket from which to reach `address` by `protocol`, of equal ones `usual`; undefined when none can. */
  pick(protocol: Protocol, address: string, usual?: Listener): Listener | undefined {
    let best = usual?.protocol === protocol && isIPv6(usual.address) === isIPv6(address) ? usual : undefined;
    for (const listener of this.#all) {
      if (listener.protocol !== protocol || isIPv6(listener.address) !== isIPv6(address)) continue;
      if (best === undefined || listener.fitnessFor(address) > best.fitnessFor(address)) best = listener;
    }
    return best;
  }

  /** Whether messages may be waiting that the present turn of the event loop leaves to the next; asked once a turn. */
  leftSome(): boolean {
    // Each of them is to hear that a turn ends.
    return this.#all.filter((listener) => listener.leftSome?.() === true).length > 0;
  }

  has(protocol: Protocol): boolean {
    return this.#all.some((listener) => listener.protocol === protocol);
  }

  /** Whether a message for this host and port would come to ourselves. */
  isOwn(host: string, port: number): boolean {
    return this.#own.has(`${unbracket(host).toLowerCase()} ${port}`);
  }

  /** A connection is used whichever socket of ours it came to; a new one is opened where that is possible. */
  flowTo(protocol: Protocol, address: string, port: number, usual?: Listener): Flow | undefined {
    if (protocol === 'udp') return this.pick(protocol, address, usual)?.flowTo(address, port);
    for (const listener of this.#all) {
      const flow = listener.protocol === protocol ? listener.connectionTo?.(address, port) : undefined;
      if (flow !== undefined) return flow;
    }
    return this.pick(protocol, address, usual)?.flowTo(address, port);
  }

  /** Shows another certificate to whoever connects from now on. Throws, and nothing changes, when it cannot be used. */
  renewTls(tls: TlsOptions): void {
    secureContext(tls);
    for (const listener of this.#all) listener.renew?.(tls);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((listener) => listener.close()));
  }

  /** With port 0 the protocols of one contact share a port; one that is free for UDP may be taken for TCP. */
  async #bindOne(contact: ContactOption, settings: Settings, deps: StreamDeps): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const bound: Listener[] = [];
      try {
        for (const protocol of contact.protocols) {
          bound.push(await bind(protocol, { ...contact, port: bound[0]?.port ?? contact.port }, settings, deps));
        }
        this.#add(contact, bound);
        return;
      } catch (error) {
        await Promise.all(bound.map((listener) => listener.close()));
        if (contact.port !== 0 || attempt === MAX_PORT_ATTEMPTS) throw error;
      }
    }
  }

  #add(contact: ContactOption, bound: readonly Listener[]): void {
    this.#all.push(...bound);
    for (const { port } of bound) {
      for (const host of [contact.address, contact.externalIp, ...(contact.dnsNames ?? [])]) {
        if (host !== undefined) this.#own.add(`${host.toLowerCase()} ${port}`);
      }
    }
  }
}

function bind(protocol: Protocol, contact: ContactOption, settings: Settings, deps: StreamDeps): Promise<Listener> {
  if (protocol === 'udp') return listenUdp({ ...contact, ...settings }, deps);
  if (protocol === 'tcp') return listenTcp({ ...contact, ...settings }, deps);
  if (protocol === 'tls') return listenTls({ ...contact, ...settings }, deps);
  return listenWs({ ...contact, ...settings, protocol }, deps);
}
