import { CLOSE_BRACKET, COLON, DIGIT_0, isDigit, isHex, isHostChar, OPEN_BRACKET } from './chars.ts';
import { SipSyntaxError } from './errors.ts';

/** Where to send to or listen at; `end` is the offset just after it in the text it was read from. */
export interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
  readonly end: number;
}

/** hostport = host [":" port]; an IPv6 host keeps its brackets. RFC 3261 §25.1. */
export function parseHostPort(text: string, start = 0): HostPort {
  const hostEnd = scanHost(text, start);
  const host = text.slice(start, hostEnd);
  if (text.charCodeAt(hostEnd) !== COLON) return { host, port: undefined, end: hostEnd };

  const { port, end } = scanPort(text, hostEnd + 1);
  return { host, port, end };
}

/** The number at `start`, at most 65,535. */
export function scanPort(text: string, start: number): { readonly port: number; readonly end: number } {
  let end = start;
  let port = 0;
  for (; isDigit(text.charCodeAt(end)); end++) {
    port = port * 10 + text.charCodeAt(end) - DIGIT_0;
    if (port > 65_535) throw new SipSyntaxError('port', start);
  }
  if (end === start) throw new SipSyntaxError('port', start);
  return { port, end };
}

/** The address without the brackets an IPv6 host has in SIP. */
export function unbracket(host: string): string {
  return host.charCodeAt(0) === OPEN_BRACKET ? host.slice(1, -1) : host;
}

/** The host as SIP writes it: an IPv6 address in brackets. */
export function bracket(address: string): string {
  return address.includes(':') && address.charCodeAt(0) !== OPEN_BRACKET ? `[${address}]` : address;
}

/** "host:port", or the host alone without a port. */
export function formatHostPort(host: string, port: number | undefined): string {
  return port === undefined ? bracket(host) : `${bracket(host)}:${port}`;
}

/** The offset after the host that starts at `start`. */
export function scanHost(text: string, start: number): number {
  let end = start;
  if (text.charCodeAt(start) === OPEN_BRACKET) {
    end++;
    for (let code = text.charCodeAt(end); isHex(code) || code === COLON || code === 46; code = text.charCodeAt(end))
      end++;
    if (text.charCodeAt(end) !== CLOSE_BRACKET || end < start + 3) throw new SipSyntaxError('ipv6-reference', start);
    return end + 1;
  }
  while (isHostChar(text.charCodeAt(end))) end++;
  if (end === start) throw new SipSyntaxError('host', start);
  return end;
}
