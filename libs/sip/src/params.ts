import { BACKSLASH, DQUOTE, EQUALS, isToken, isTokenText, OPEN_BRACKET, SEMICOLON, skipBlanks } from './chars.ts';
import { SipSyntaxError } from './errors.ts';

/** Parameters by lower-case name, in order; a value is unquoted, and undefined when there is no `=`. */
export type Params = ReadonlyMap<string, string | undefined>;

/** No parameters. */
export const noParams: Params = new Map();

/** Above this many a header is hostile, not rich: the longest seen in practice have about ten. */
const MAX_PARAMS = 64;

/** *( SEMI generic-param ) from `start`; `end` is where they stop. The first of two equal names wins. RFC 3261 §25.1. */
export function parseParams(text: string, start: number): { readonly params: Params; readonly end: number } {
  let at = skipBlanks(text, start);
  if (text.charCodeAt(at) !== SEMICOLON) return { params: noParams, end: at };
  const params = new Map<string, string | undefined>();
  while (text.charCodeAt(at) === SEMICOLON) {
    at = skipBlanks(text, at + 1);
    // A stray semicolon at the end is common and means nothing.
    if (at >= text.length || text.charCodeAt(at) === SEMICOLON) continue;
    const nameEnd = scanToken(text, at);
    if (nameEnd === at) throw new SipSyntaxError('parameter-name', at);
    const name = text.slice(at, nameEnd).toLowerCase();
    at = skipBlanks(text, nameEnd);
    let value: string | undefined;
    if (text.charCodeAt(at) === EQUALS) {
      at = skipBlanks(text, at + 1);
      const end = scanValue(text, at);
      value = text.charCodeAt(at) === DQUOTE ? unquote(text.slice(at, end)) : text.slice(at, end);
      at = skipBlanks(text, end);
    }
    if (!params.has(name)) params.set(name, value);
    if (params.size > MAX_PARAMS) throw new SipSyntaxError('too-many-parameters', at);
  }
  return { params, end: at };
}

/** Writes parameters as `;name=value`, quoting what is no token. */
export function formatParams(params: Params): string {
  let out = '';
  for (const [name, value] of params) out += value === undefined ? `;${name}` : `;${name}=${formatValue(value)}`;
  return out;
}

/** The offset after the quoted-string that opens at `at`. RFC 3261 §25.1. */
export function scanQuoted(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === DQUOTE) return i + 1;
  }
  throw new SipSyntaxError('quoted-string', at);
}

/** What a quoted-string says: without its quotes and escapes. */
export function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner;
}

/** The text as a quoted-string. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The offset after the token that starts at `at`; `at` itself when there is none. */
export function scanToken(text: string, at: number): number {
  while (isToken(text.charCodeAt(at))) at++;
  return at;
}

/** gen-value = token / host / quoted-string; also the colons and slashes that phones put in unquoted. */
function scanValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === DQUOTE) return scanQuoted(text, at);
  let end = at;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    // separators that end a value: ; , " < > whitespace
    if (code <= 34 && code !== 33) break;
    if (code === 44 || code === SEMICOLON || code === 60 || code === 62) break;
  }
  if (end === at) throw new SipSyntaxError('parameter-value', at);
  return end;
}

function formatValue(value: string): string {
  return isTokenText(value) || value.charCodeAt(0) === OPEN_BRACKET ? value : quote(value);
}
