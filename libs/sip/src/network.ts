import { BlockList, isIP } from 'node:net';

/** Addresses that begin with the same bits, RFC 4632. */
export interface Network {
  readonly address: string;
  /** Of the prefix. */
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Reads `10.0.0.0/8` or `2001:db8::/32`. Throws `RangeError` when it is no network. */
export function parseNetwork(cidr: string): Network {
  const [address = '', prefix = ''] = cidr.split('/');
  const version = isIP(address);
  const bits = Number(prefix);
  if (version === 0 || !/^\d+$/.test(prefix) || bits > (version === 6 ? 128 : 32)) {
    throw new RangeError(`not a network: ${cidr}`);
  }
  return { address, bits, family: version === 6 ? 'ipv6' : 'ipv4' };
}

/** What tells whether an address is in one of `networks`. Throws `RangeError` when one of them is none. */
export function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const { address, bits, family } of networks.map(parseNetwork)) list.addSubnet(address, bits, family);
  return list;
}
