import { RefusedError } from '../errors.ts';
import { type Protocol } from '../transport/transport.ts';
import { type NaptrRecord, type Resolver } from './resolver.ts';
import { inSrvOrder } from './srv-order.ts';
import { type Hop, isAddress, type Target } from './target.ts';

/** What a locator finds its way with. */
export interface LocatorDeps {
  readonly resolver: Resolver;
  /** What can be sent by, in the order of preference, and to addresses of which families. */
  readonly reach: (protocol: Protocol) => readonly (4 | 6)[];
}

/** More addresses of one destination than anybody waits for. */
const MAX_HOPS = 8;

/** Nothing is there, whoever is asked. RFC 6761 §6.4. */
const NOWHERE = /\.invalid\.?$/i;

/** What a NAPTR calls the transports, and what the name of their SRV begins with. RFC 3263 §4.1, §4.2. */
const TRANSPORTS: readonly { protocol: Protocol; service: string; prefix: string }[] = [
  { protocol: 'udp', service: 'SIP+D2U', prefix: '_sip._udp' },
  { protocol: 'tcp', service: 'SIP+D2T', prefix: '_sip._tcp' },
  { protocol: 'tls', service: 'SIPS+D2T', prefix: '_sips._tcp' },
];

/** A service of the destination, by the name of its SRV records. */
interface Service {
  readonly protocol: Protocol;
  readonly name: string;
}

interface Server {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
}

/** Finds the addresses of a destination, in the order in which they are to be tried. RFC 3263 §4. */
export class Locator {
  readonly #resolver: Resolver;
  readonly #reach: LocatorDeps['reach'];

  constructor({ resolver, reach }: LocatorDeps) {
    this.#resolver = resolver;
    this.#reach = reach;
  }

  /** At least one address. Rejects with `RefusedError`. `random` decides between servers of the same priority. */
  async locate(target: Target, random: () => number): Promise<readonly Hop[]> {
    if (NOWHERE.test(target.host)) throw new RefusedError(`can not resolve ${target.host}`);
    const servers = await this.#serversOf(target, random);
    const found = await Promise.all(servers.slice(0, MAX_HOPS).map((server) => this.#addressesOf(server)));
    const hops = found.flat().slice(0, MAX_HOPS);
    if (hops.length === 0) throw new RefusedError(`can not resolve ${target.host}`);
    return hops;
  }

  async #serversOf(target: Target, random: () => number): Promise<readonly Server[]> {
    const { protocol, host, port, asks } = target;
    const itself = [{ protocol, host, port }];
    if (asks === 'address' || isAddress(host) || (await this.#resolver.isLocal(host))) return itself;
    const services = await this.#servicesOf(target);
    const records = await Promise.all(services.map(({ name }) => tolerated(this.#resolver.servers(name))));
    if (records.every(({ length }) => length === 0)) return itself;
    return records.flatMap((list, index) => {
      const service = services[index];
      // A target of `.`: the service is decidedly not there, RFC 2782.
      const offered = inSrvOrder(list, random).filter((record) => record.target !== '.');
      return offered.map((record) => ({
        protocol: service?.protocol ?? protocol,
        host: withoutDot(record.target),
        port: record.port,
      }));
    });
  }

  async #servicesOf({ protocol, host, asks, isSecure }: Target): Promise<readonly Service[]> {
    const known = TRANSPORTS.filter((one) => (isSecure ? one.protocol === 'tls' : true));
    const usable = known.filter((one) => this.#reach(one.protocol).length > 0);
    if (asks === 'servers') return named(known, host).filter((one) => one.protocol === protocol);
    const offered = (await tolerated(this.#resolver.services(host))).filter(isSip);
    if (offered.length === 0) return named(usable, host);
    const services = [...offered].sort(byOrder).flatMap(({ services: text, replacement }) => {
      const transport = usable.find(({ service }) => service === text.toUpperCase());
      return transport === undefined ? [] : [{ protocol: transport.protocol, name: withoutDot(replacement) }];
    });
    if (services.length === 0) throw new RefusedError('requested protocol/transport not available');
    return services;
  }

  async #addressesOf({ protocol, host, port }: Server): Promise<readonly Hop[]> {
    if (isAddress(host)) return [{ protocol, host, port }];
    const families = this.#reach(protocol);
    const found = await Promise.all(families.map((family) => tolerated(this.#resolver.addresses(host, family))));
    return found.flat().map((address) => ({ protocol, host: address, port }));
  }
}

function named(transports: typeof TRANSPORTS, host: string): Service[] {
  return transports.map(({ protocol, prefix }) => ({ protocol, name: `${prefix}.${host}` }));
}

function isSip({ flags, services }: NaptrRecord): boolean {
  return flags.toLowerCase() === 's' && /^sips?\+d2/i.test(services);
}

function byOrder(a: NaptrRecord, b: NaptrRecord): number {
  return a.order - b.order || a.preference - b.preference;
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** Where nobody can tell, the next question may be answered still: some networks lose those that they do not know. */
async function tolerated<T>(asked: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error) return [];
    throw error;
  }
}
