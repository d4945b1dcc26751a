import { COMMA, DQUOTE, GREATER, isBlank, LESS, SEMICOLON, skipBlanks } from './chars.ts';
import { SipSyntaxError } from './errors.ts';
import { formatParams, type Params, parseParams, quote, scanQuoted, unquote } from './params.ts';

/** name-addr or addr-spec with header parameters: From, To, Contact, Route and their like. RFC 3261 §20.10. */
export interface NameAddr {
  /** Without quotes and escapes. */
  readonly displayName: string | undefined;
  /** The URI as written; `parseUri` reads it. */
  readonly uri: string;
  readonly params: Params;
}

/** A Contact header: the wildcard of a REGISTER, or addresses. */
export type ContactList = '*' | readonly NameAddr[];

/** A REGISTER with more contacts than this is an attack on the registrar, not a phone. */
const MAX_ADDRESSES = 128;

/** Reads the whole of `text` as one address. */
export function parseNameAddr(text: string): NameAddr {
  const { addr, end } = scanNameAddr(text, 0);
  if (end !== text.length) throw new SipSyntaxError('name-addr', end);
  return addr;
}

/** Reads addresses separated by commas. */
export function parseNameAddrList(text: string): NameAddr[] {
  const list: NameAddr[] = [];
  let at = skipBlanks(text, 0);
  for (;;) {
    const { addr, end } = scanNameAddr(text, at);
    list.push(addr);
    if (end === text.length) return list;
    if (text.charCodeAt(end) !== COMMA) throw new SipSyntaxError('name-addr', end);
    if (list.length === MAX_ADDRESSES) throw new SipSyntaxError('too-many-addresses', end);
    at = end + 1;
  }
}

/** Reads the value of a Contact header, all its lines joined by commas. RFC 3261 §20.10. */
export function parseContactList(text: string): ContactList {
  return text.trim() === '*' ? '*' : parseNameAddrList(text);
}

/** Writes an address, its URI always in angle brackets. */
export function formatNameAddr({ displayName, uri, params }: NameAddr): string {
  const name = displayName === undefined ? '' : `${quote(displayName)} `;
  return `${name}<${uri}>${formatParams(params)}`;
}

/** The address with parameter `name` set, or dropped when `value` is null; `undefined` makes a flag. */
export function withParam(addr: NameAddr, name: string, value: string | undefined | null): NameAddr {
  const params = new Map(addr.params);
  if (value === null) params.delete(name);
  else params.set(name, value);
  return { ...addr, params };
}

/** The `expires` parameter in seconds; undefined when absent or not a number. RFC 3261 §20.10. */
export function contactExpiresSec(contact: NameAddr): number | undefined {
  const text = contact.params.get('expires');
  return text !== undefined && /^\d{1,10}$/.test(text) ? Math.min(Number(text), 0xffffffff) : undefined;
}

/** The `q` parameter; undefined when absent or malformed. RFC 3261 §25.1 qvalue. */
export function contactQ(contact: NameAddr): number | undefined {
  const text = contact.params.get('q');
  return text !== undefined && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : undefined;
}

function scanNameAddr(text: string, start: number): { addr: NameAddr; end: number } {
  let at = skipBlanks(text, start);
  let displayName: string | undefined;
  if (text.charCodeAt(at) === DQUOTE) {
    const nameEnd = scanQuoted(text, at);
    displayName = unquote(text.slice(at, nameEnd));
    at = skipBlanks(text, nameEnd);
    if (text.charCodeAt(at) !== LESS) throw new SipSyntaxError('name-addr', at);
  } else if (text.charCodeAt(at) !== LESS) {
    const open = scanBare(text, at);
    if (text.charCodeAt(open) !== LESS) return addrSpec(text, at, open);
    displayName = text.slice(at, open).trimEnd();
    at = open;
  }
  const close = text.indexOf('>', at);
  if (close < 0) throw new SipSyntaxError('name-addr', at);
  const uri = text.slice(at + 1, close).trim();
  if (uri === '') throw new SipSyntaxError('name-addr', at + 1);
  const { params, end } = parseParams(text, close + 1);
  return { addr: { displayName, uri, params }, end };
}

/** Without brackets, parameters belong to the header, RFC 3261 §20. */
function addrSpec(text: string, start: number, end: number): { addr: NameAddr; end: number } {
  let uriEnd = end;
  while (uriEnd > start && isBlank(text.charCodeAt(uriEnd - 1))) uriEnd--;
  const uri = text.slice(start, uriEnd);
  if (!uri.includes(':') || uri.includes(' ')) throw new SipSyntaxError('addr-spec', start);
  const { params, end: paramsEnd } = parseParams(text, end);
  return { addr: { displayName: undefined, uri, params }, end: paramsEnd };
}

/** Up to the bracket of a name-addr, or the end of an addr-spec. */
function scanBare(text: string, at: number): number {
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === LESS || code === SEMICOLON || code === COMMA) return at;
    if (code === GREATER || code === DQUOTE) throw new SipSyntaxError('name-addr', at);
  }
  return at;
}
