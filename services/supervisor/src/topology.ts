import { isIPv6 } from 'node:net';
import { ConfigError, type PlatformFile } from '@callweave/service';
import { type Config } from './config.ts';
import { type SipListener } from './listeners.ts';

/** One side of the platform: where it listens, and what the peers on it are told. */
export type NetworkSide = PlatformFile['sides'][number];

/**
 * The sides of this platform, in the order in which the address for a peer is looked up: a peer in one of
 * CALLWEAVE_PRIVATE_NETWORKS, and this machine itself, is on the private side and is told its address; everybody else is
 * told CALLWEAVE_ADVERTISED_HOST, or without it where we listen. Without any of them there is one side. Throws
 * `ConfigError` when the settings contradict each other.
 */
export function networkSides({ host, advertisedHost, privateHost, privateNetworks }: Config): NetworkSide[] {
  if (privateHost !== undefined && privateNetworks === undefined)
    throw new ConfigError(['CALLWEAVE_PRIVATE_HOST: nobody is on the private side; set CALLWEAVE_PRIVATE_NETWORKS']);
  const open: NetworkSide = { name: 'public', listen: host, advertised: advertisedHost ?? host, networks: [] };
  if (advertisedHost === undefined && privateNetworks === undefined) return [open];
  const listen = privateHost ?? host;
  const networks = [...new Set([...(privateNetworks ?? []), `${listen}/32`])];
  return [{ name: 'private', listen, advertised: listen, networks }, open];
}

/** Where the parts of the platform that no phone talks to have their sockets. */
export function innerHost(sides: readonly NetworkSide[], host: string): string {
  return sides.find(({ name }) => name === 'private')?.listen ?? host;
}

/** The networks of the private side; undefined where there is none. */
export function privateNetworksOf(sides: readonly NetworkSide[]): readonly string[] | undefined {
  return sides.find(({ name }) => name === 'private')?.networks;
}

/** What a SIP engine is told of one of its ports: an address for each side, or one that is seen in two ways. */
export function contactFlags(sides: readonly NetworkSide[], port: number, transports: string): string[] {
  const hosts = [...new Set(sides.map(({ listen }) => listen))];
  return hosts.flatMap((host) => {
    const here = sides.filter(({ listen }) => listen === host);
    const networks = here.flatMap((side) => side.networks);
    const elsewhere = here.find(({ advertised }) => advertised !== host)?.advertised;
    return [
      ...['--contact', `sip:${host}:${port};transport=${transports}`],
      ...(elsewhere === undefined ? [] : ['--external-ip', elsewhere]),
      ...(networks.length === 0 ? [] : ['--local-net', networks.join(',')]),
    ];
  });
}

/**
 * The interfaces of an rtpengine, named after the sides; the first one is for whom nothing is said. Whoever comes to an
 * IPv6 address has his media there, on whichever side he is.
 */
export function mediaInterfaces(sides: readonly NetworkSide[], listeners: readonly SipListener[] = []): string[] {
  const shown = ({ listen, advertised }: Pick<NetworkSide, 'listen' | 'advertised'>): string =>
    advertised === listen ? listen : `${listen}!${advertised}`;
  const further = listeners
    .filter(({ address }) => isIPv6(address))
    .map(({ address, advertised = address }) => shown({ listen: address, advertised }));
  const [only, ...others] = sides;
  const isOne = only !== undefined && others.length === 0;
  const named = isOne
    ? [only.listen, ...further]
    : // The open one first.
      [...sides]
        .sort((a, b) => b.name.localeCompare(a.name))
        .flatMap((side) => [shown(side), ...further].map((address) => `${side.name}/${address}`));
  return [...new Set(named)].map((text) => `--interface=${text}`);
}
