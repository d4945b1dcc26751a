import { COLON, COMMA, skipBlanks } from './chars.ts';
import { SipSyntaxError } from './errors.ts';
import { formatHostPort, scanHost, scanPort } from './host-port.ts';
import { formatParams, type Params, parseParams, scanToken } from './params.ts';

/** One hop a request took, RFC 3261 §20.42. */
export interface Via {
  /** Upper case: UDP, TCP, TLS, WS, WSS, SCTP. */
  readonly transport: string;
  /** As written; an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Params;
}

/** Branches of RFC 3261 begin so; others are from RFC 2543 and do not identify a transaction alone. */
export const MAGIC_COOKIE = 'z9hG4bK';

/** More hops than Max-Forwards usually allows. */
const MAX_VIAS = 128;

/** Reads the first Via of `text`, which may hold more, separated by commas. */
export function parseVia(text: string): Via {
  return scanVia(text, 0).via;
}

/** Reads every Via of `text`. */
export function parseViaList(text: string): Via[] {
  const list: Via[] = [];
  let at = 0;
  for (;;) {
    const { via, end } = scanVia(text, at);
    list.push(via);
    if (end === text.length) return list;
    if (list.length === MAX_VIAS) throw new SipSyntaxError('too-many-vias', end);
    at = end + 1;
  }
}

/** Where the first Via of `text` ends: at the comma before the next, or at the end. */
export function firstViaEnd(text: string): number {
  return scanVia(text, 0).end;
}

/** Writes one Via. */
export function formatVia({ transport, host, port, params }: Via): string {
  return `SIP/2.0/${transport} ${formatHostPort(host, port)}${formatParams(params)}`;
}

/** via-parm = sent-protocol LWS sent-by *( SEMI via-params ), RFC 3261 §25.1. */
function scanVia(text: string, start: number): { via: Via; end: number } {
  let at = skipBlanks(text, start);
  const nameEnd = scanToken(text, at);
  if (text.slice(at, nameEnd).toUpperCase() !== 'SIP') throw new SipSyntaxError('via-protocol', at);
  at = slash(text, nameEnd);
  const versionEnd = scanToken(text, at);
  // Any other is answered 505, and the answer has to find its way.
  if (versionEnd === at) throw new SipSyntaxError('via-version', at);
  at = slash(text, versionEnd);
  const transportEnd = scanToken(text, at);
  if (transportEnd === at) throw new SipSyntaxError('via-transport', at);
  const transport = text.slice(at, transportEnd).toUpperCase();
  at = skipBlanks(text, transportEnd);
  if (at === transportEnd) throw new SipSyntaxError('via-sent-by', at);
  const sentBy = parseSentBy(text, at);
  const { params, end } = parseParams(text, sentBy.end);
  if (end !== text.length && text.charCodeAt(end) !== COMMA) throw new SipSyntaxError('via', end);
  return { via: { transport, host: sentBy.host, port: sentBy.port, params }, end };
}

/** sent-by = host [ COLON port ], where COLON may have white space around it. */
function parseSentBy(text: string, start: number): { host: string; port: number | undefined; end: number } {
  const hostEnd = scanHost(text, start);
  const host = text.slice(start, hostEnd);
  const colon = skipBlanks(text, hostEnd);
  if (text.charCodeAt(colon) !== COLON) return { host, port: undefined, end: hostEnd };
  const { port, end } = scanPort(text, skipBlanks(text, colon + 1));
  return { host, port, end };
}

function slash(text: string, at: number): number {
  at = skipBlanks(text, at);
  if (text.charAt(at) !== '/') throw new SipSyntaxError('via-protocol', at);
  return skipBlanks(text, at + 1);
}
