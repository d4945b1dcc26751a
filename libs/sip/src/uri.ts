import { COLON, isHex, isUriParamChar, isUserChar, PERCENT, QUESTION, SEMICOLON } from './chars.ts';
import { SipSyntaxError } from './errors.ts';
import { parseHostPort } from './host-port.ts';
import { noParams, type Params } from './params.ts';

/** A sip: or sips: URI, RFC 3261 §19.1. */
export interface SipUri {
  readonly kind: 'sip';
  readonly scheme: 'sip' | 'sips';
  /** As written, escapes included; `decodeUser` says what it means. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Lower case; an IPv6 address keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** By lower-case name; values as written, escapes included. */
  readonly params: Params;
  /** What follows "?", as written. */
  readonly headers: string | undefined;
}

/** A tel: URI, RFC 3966. */
export interface TelUri {
  readonly kind: 'tel';
  readonly scheme: 'tel';
  readonly number: string;
  readonly params: Params;
}

/** Any other absolute URI: we pass it on and do not look inside. */
export interface OtherUri {
  readonly kind: 'other';
  readonly scheme: string;
  readonly rest: string;
}

export type Uri = SipUri | TelUri | OtherUri;

/** Reads the whole of `text` as one URI. RFC 3261 §25.1, RFC 3966. */
export function parseUri(text: string): Uri {
  const colon = text.indexOf(':');
  if (colon <= 0) throw new SipSyntaxError('uri-scheme', 0);
  checkNoBlanks(text);
  const scheme = schemeOf(text, colon);
  if (scheme === 'sip' || scheme === 'sips') return parseSipUri(text, colon + 1, scheme);
  if (scheme === 'tel') return parseTelUri(text, colon + 1);
  if (colon + 1 === text.length) throw new SipSyntaxError('uri', colon + 1);
  return { kind: 'other', scheme, rest: text.slice(colon + 1) };
}

/** Writes a URI; what `parseUri` read comes back equal, though not always letter by letter. */
export function formatUri(uri: Uri): string {
  if (uri.kind === 'other') return `${uri.scheme}:${uri.rest}`;
  if (uri.kind === 'tel') return `tel:${uri.number}${formatUriParams(uri.params)}`;
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  const userinfo = uri.user === undefined ? '' : `${uri.user}${password}@`;
  const port = uri.port === undefined ? '' : `:${uri.port}`;
  const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
  return `${uri.scheme}:${userinfo}${uri.host}${port}${formatUriParams(uri.params)}${headers}`;
}

/** What a user part means: escapes resolved, UTF-8 decoded. An escape that is not UTF-8 stays as written. */
export function decodeUser(user: string): string {
  if (!user.includes('%')) return user;
  try {
    return decodeURIComponent(user);
  } catch (error) {
    if (error instanceof URIError) return user;
    throw error;
  }
}

/** Writes any text as a user part; inverse of `decodeUser`. */
export function encodeUser(text: string): string {
  return encodeURIComponent(text).replace(/%(?:26|3D|2B|24|2C|3B|3F|2F)/g, decodeURIComponent);
}

/** Parameters that must match when only one of two URIs has them, RFC 3261 §19.1.4. */
const DECISIVE_PARAMS = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Whether two URIs are equivalent, RFC 3261 §19.1.4 (and RFC 3966 §4 for tel). */
export function uriEquals(a: Uri, b: Uri): boolean {
  if (a.kind === 'sip' && b.kind === 'sip') return sipUriEquals(a, b);
  if (a.kind === 'tel' && b.kind === 'tel') {
    return (
      telDigits(a.number) === telDigits(b.number) &&
      sameCommonParams(a.params, b.params) &&
      a.params.size === b.params.size
    );
  }
  return a.kind === 'other' && b.kind === 'other' && a.scheme === b.scheme && a.rest === b.rest;
}

function sipUriEquals(a: SipUri, b: SipUri): boolean {
  return (
    a.scheme === b.scheme &&
    a.host === b.host &&
    a.port === b.port &&
    normalEscapes(a.user) === normalEscapes(b.user) &&
    normalEscapes(a.password) === normalEscapes(b.password) &&
    sameCommonParams(a.params, b.params) &&
    DECISIVE_PARAMS.every((name) => a.params.has(name) === b.params.has(name)) &&
    sortedHeaders(a.headers) === sortedHeaders(b.headers)
  );
}

function sameCommonParams(a: Params, b: Params): boolean {
  for (const [name, value] of a) {
    if (b.has(name) && normalEscapes(value)?.toLowerCase() !== normalEscapes(b.get(name))?.toLowerCase()) return false;
  }
  return true;
}

/** Headers compare by lower-case name, in any order. */
function sortedHeaders(headers: string | undefined): string {
  return (headers ?? '')
    .split('&')
    .map((header) => {
      const equals = header.indexOf('=');
      if (equals < 0) return header.toLowerCase();
      return `${header.slice(0, equals).toLowerCase()}=${normalEscapes(header.slice(equals + 1)) ?? ''}`;
    })
    .sort()
    .join('&');
}

/** Escapes of characters that need none are the same as the character, RFC 3261 §19.1.4. */
function normalEscapes(text: string | undefined): string | undefined {
  if (text?.includes('%') !== true) return text;
  return text.replace(/%([0-9a-fA-F]{2})/g, (escape, hex: string) => {
    const char = String.fromCharCode(parseInt(hex, 16));
    return /[A-Za-z0-9\-_.!~*'()]/.test(char) ? char : escape.toUpperCase();
  });
}

function telDigits(number: string): string {
  return number.replace(/[-.()]/g, '').toLowerCase();
}

function schemeOf(text: string, colon: number): string {
  // The three spellings nearly every URI has need no lower-casing.
  if (colon === 3 && text.startsWith('sip')) return 'sip';
  if (colon === 4 && text.startsWith('sips')) return 'sips';
  const scheme = text.slice(0, colon);
  if (!/^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)) throw new SipSyntaxError('uri-scheme', 0);
  return scheme.toLowerCase();
}

function checkNoBlanks(text: string): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code === 127 || code === 60 || code === 62 || code === 34) throw new SipSyntaxError('uri', i);
  }
}

function parseSipUri(text: string, start: number, scheme: 'sip' | 'sips'): SipUri {
  let user: string | undefined;
  let password: string | undefined;
  let at = start;
  const atSign = text.indexOf('@', start);
  if (atSign >= 0) {
    const colon = text.indexOf(':', start);
    const userEnd = colon >= 0 && colon < atSign ? colon : atSign;
    checkUser(text, start, userEnd);
    user = text.slice(start, userEnd);
    if (userEnd < atSign) password = text.slice(userEnd + 1, atSign);
    at = atSign + 1;
  }
  const { host, port, end } = parseHostPort(text, at);
  const { params, end: paramsEnd } = parseUriParams(text, end);
  let headers: string | undefined;
  if (text.charCodeAt(paramsEnd) === QUESTION) headers = text.slice(paramsEnd + 1);
  else if (paramsEnd !== text.length) throw new SipSyntaxError('uri', paramsEnd);
  return { kind: 'sip', scheme, user, password, host: host.toLowerCase(), port, params, headers };
}

function parseTelUri(text: string, start: number): TelUri {
  let end = start;
  for (let code = text.charCodeAt(end); end < text.length && code !== SEMICOLON; code = text.charCodeAt(end)) {
    // global-number-digits and local-number-digits, RFC 3966 §3
    if (!isHex(code) && !'+-.()*#'.includes(text.charAt(end))) throw new SipSyntaxError('tel-number', end);
    end++;
  }
  if (end === start) throw new SipSyntaxError('tel-number', start);
  const { params, end: paramsEnd } = parseUriParams(text, end);
  if (paramsEnd !== text.length) throw new SipSyntaxError('uri', paramsEnd);
  return { kind: 'tel', scheme: 'tel', number: text.slice(start, end), params };
}

function checkUser(text: string, start: number, end: number): void {
  if (start === end) throw new SipSyntaxError('user', start);
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === PERCENT) checkEscape(text, i);
    else if (!isUserChar(code)) throw new SipSyntaxError('user', i);
  }
}

function checkEscape(text: string, at: number): void {
  if (!isHex(text.charCodeAt(at + 1)) || !isHex(text.charCodeAt(at + 2))) throw new SipSyntaxError('escape', at);
}

function parseUriParams(text: string, start: number): { params: Params; end: number } {
  if (text.charCodeAt(start) !== SEMICOLON) return { params: noParams, end: start };
  const params = new Map<string, string | undefined>();
  let at = start;
  while (text.charCodeAt(at) === SEMICOLON) {
    const nameEnd = scanUriParam(text, at + 1);
    const name = text.slice(at + 1, nameEnd).toLowerCase();
    let value: string | undefined;
    let end = nameEnd;
    if (text.charCodeAt(nameEnd) === 61) {
      end = scanUriParam(text, nameEnd + 1);
      value = text.slice(nameEnd + 1, end);
    }
    if (name !== '' && !params.has(name)) params.set(name, value);
    at = end;
  }
  return { params, end: at };
}

function scanUriParam(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === PERCENT) checkEscape(text, at);
    else if (!isUriParamChar(code)) return at;
    at++;
  }
}

function formatUriParams(params: Params): string {
  let out = '';
  for (const [name, value] of params) out += value === undefined ? `;${name}` : `;${name}=${value}`;
  return out;
}

/** Whether `text` begins with a scheme that is sip or sips; cheaper than parsing. */
export function isSipScheme(text: string): boolean {
  const colon = text.charCodeAt(3) === COLON ? 3 : 4;
  const scheme = text.slice(0, colon).toLowerCase();
  return text.charCodeAt(colon) === COLON && (scheme === 'sip' || scheme === 'sips');
}
