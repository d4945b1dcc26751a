import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { parseUri, unbracket } from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { defaultPort, type Protocol, protocols } from '../transport/transport.ts';

/** Where a URI says a request is to go. */
export interface Target {
  readonly protocol: Protocol;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads the next hop from a Request-URI or Route, RFC 3263 §4.1; throws `RefusedError` when it names none. */
export function targetOf(uriText: string, refusal: string): Target {
  const uri = parseUri(uriText);
  if (uri.kind !== 'sip') throw new RefusedError(refusal);
  const named = uri.params.get('transport')?.toLowerCase();
  const wanted = protocols.find((protocol) => protocol === named);
  if (named !== undefined && wanted === undefined) throw new RefusedError('requested protocol/transport not available');
  const isSecure = uri.scheme === 'sips' && (wanted === undefined || wanted === 'tcp' || wanted === 'udp');
  const protocol = isSecure ? 'tls' : (wanted ?? 'udp');
  const host = unbracket(uri.params.get('maddr') ?? uri.host);
  return { protocol, host, port: uri.port ?? defaultPort(protocol) };
}

/** Turns names into addresses. */
export interface Resolver {
  /** The address of `host`, of the given family when only that can be reached. Rejects when there is none. */
  resolve(host: string, family: 0 | 4 | 6): Promise<string>;
}

/** The operating system's resolver. */
export const systemResolver: Resolver = {
  resolve: async (host, family) => (await lookup(host, { family })).address,
};

/** Whether a host needs no resolving. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0;
}

/** 4 or 6. */
export function familyOf(address: string): 4 | 6 {
  return isIPv6(address) ? 6 : 4;
}
