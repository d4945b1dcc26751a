import { BlockList, isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * How it is told that a peer is behind a NAT. `contact` (default): its Contact is not the address it sent from, and no
 * proxy asked to stay in between. `declared`: that, or a `nat=yes` in Record-Route or Contact says so. `off`: never.
 */
export type NatDetection = 'contact' | 'declared' | 'off';

/** How one socket is seen from outside. */
export interface Advertising {
  /** The address to put into Via and Contact instead of the local one. */
  readonly externalIp?: string | undefined;
  /** Peers in these networks see the local address nevertheless; several are separated by commas. */
  readonly localNet?: string | undefined;
}

/** Chooses between the local and the external address for each peer. */
export class Advertiser {
  readonly publicHost: string;
  readonly #local: string;
  readonly #localNet: BlockList | undefined;
  readonly #isPrivate: boolean;

  constructor(local: string, { externalIp, localNet }: Advertising) {
    this.#local = local;
    this.publicHost = externalIp ?? local;
    if (localNet !== undefined) this.#localNet = parseNetworks(localNet);
    this.#isPrivate = localNet !== undefined && externalIp === undefined;
  }

  hostFor(peer: string): string {
    return this.#isLocal(peer) ? this.#local : this.publicHost;
  }

  /**
   * How well this socket reaches `peer`; the best is taken. A network that it names is its own; where it names one and
   * has no address for others, others are not for it. Else the nearer one.
   */
  fitnessFor(peer: string): number {
    if (this.#isLocal(peer)) return Number.POSITIVE_INFINITY;
    return this.#isPrivate ? -1 : nearness(this.#local, peer);
  }

  #isLocal(peer: string): boolean {
    return this.#localNet?.check(peer, isIPv6(peer) ? 'ipv6' : 'ipv4') === true;
  }
}

/** Reads `10.0.0.0/8,192.168.0.0/16`; throws when one is no network. */
export function parseNetworks(cidrs: string): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs.split(',')) {
    const [address = '', prefix = ''] = cidr.trim().split('/');
    const family = isIP(address);
    const bits = Number(prefix);
    if (family === 0 || !/^\d+$/.test(prefix) || bits > (family === 6 ? 128 : 32)) {
      throw new RangeError(`not a network: ${cidr}`);
    }
    list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** An IPv4 address that reached an IPv6 socket, without its wrapping. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

/** The addresses meant by `*`, `0.0.0.0` or `[::]`: every one of this machine, of that family. */
export function expandWildcard(address: string): string[] {
  const family = address === '::' ? 'IPv6' : address === '*' || address === '0.0.0.0' ? 'IPv4' : undefined;
  if (family === undefined) return [address];
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const found = all.filter((item) => item.family === family && !item.address.startsWith('fe80:'));
  // The first is the one used when nothing else decides, so the loopback comes last.
  return found.sort((a, b) => Number(a.internal) - Number(b.internal)).map((item) => item.address);
}

/** How many leading parts two addresses share; the more, the likelier one reaches the other. */
export function nearness(a: string, b: string): number {
  const separator = a.includes(':') ? ':' : '.';
  const left = a.split(separator);
  const right = b.split(separator);
  let shared = 0;
  while (shared < left.length && left[shared] === right[shared]) shared++;
  return shared;
}
