import { isIP, isIPv6 } from 'node:net';
import { parseUri, unbracket } from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { defaultPort, type Protocol, protocols } from '../transport/transport.ts';

/** An address to send to. */
export interface Hop {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
}

/** Where a URI says a request is to go. */
export interface Target {
  /** What to send by unless DNS says otherwise. */
  readonly protocol: Protocol;
  /** A name or an address, without brackets. */
  readonly host: string;
  /** The port unless DNS says otherwise. */
  readonly port: number;
  /**
   * What DNS is asked, RFC 3263 §4: `services` which transports there are, and then who serves them; `servers` who serves
   * the transport that the URI names; `address` only where the host is, because the URI names a port.
   */
  readonly asks: 'services' | 'servers' | 'address';
  /** Nothing that is not encrypted will do. */
  readonly isSecure: boolean;
}

/** Reads the next hop from a Request-URI or Route, RFC 3263 §4.1; throws `RefusedError` when it names none. */
export function targetOf(uriText: string, refusal: string): Target {
  const uri = parseUri(uriText);
  if (uri.kind !== 'sip') throw new RefusedError(refusal);
  const named = uri.params.get('transport')?.toLowerCase();
  const wanted = protocols.find((protocol) => protocol === named);
  if (named !== undefined && wanted === undefined) throw new RefusedError('requested protocol/transport not available');
  const isSecure = uri.scheme === 'sips';
  const isTls = isSecure && (wanted === undefined || wanted === 'tcp' || wanted === 'udp');
  const protocol = isTls ? 'tls' : (wanted ?? 'udp');
  const host = unbracket(uri.params.get('maddr') ?? uri.host);
  const isExact = uri.port !== undefined || isAddress(host) || protocol === 'ws' || protocol === 'wss';
  const asks = isExact ? 'address' : wanted === undefined ? 'services' : 'servers';
  return { protocol, host, port: uri.port ?? defaultPort(protocol), asks, isSecure };
}

/** Whether a host needs no resolving. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0;
}

/** 4 or 6. */
export function familyOf(address: string): 4 | 6 {
  return isIPv6(address) ? 6 : 4;
}
