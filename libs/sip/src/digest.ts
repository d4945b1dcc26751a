import { createHash, timingSafeEqual } from 'node:crypto';
import { COMMA, EQUALS, isBlank, skipBlanks } from './chars.ts';
import { SipSyntaxError } from './errors.ts';
import { quote, scanQuoted, scanToken, unquote } from './params.ts';

/** Hash functions of SIP digest, RFC 8760 §2; each may also be used per session, written `-sess`. */
export const digestAlgorithms = ['MD5', 'SHA-256', 'SHA-512-256'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/** What a client proves with: the value of Authorization or Proxy-Authorization. RFC 7616 §3.4. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** Lower-case hexadecimal. */
  readonly response: string;
  /** As claimed; absent means MD5. Undefined when it is none we know. */
  readonly algorithm: DigestAlgorithm | undefined;
  /** Whether the algorithm was a `-sess` one. */
  readonly session: boolean;
  /** Undefined from an RFC 2069 client. */
  readonly qop: string | undefined;
  readonly cnonce: string | undefined;
  /** Eight hexadecimal digits. */
  readonly nc: string | undefined;
  readonly opaque: string | undefined;
}

/** What a server asks for: the value of WWW-Authenticate or Proxy-Authenticate. RFC 7616 §3.3. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  /** Undefined when it is none we know; such a challenge is to be passed over, RFC 8760 §2.6. */
  readonly algorithm: DigestAlgorithm | undefined;
  readonly session: boolean;
  /** What is offered, lower case; empty when nothing is (RFC 2069). */
  readonly qop: readonly string[];
  readonly stale: boolean;
  readonly opaque: string | undefined;
}

/** A longer value was not made by a phone: the longest real ones carry an 8 kB user twice. */
const MAX_CREDENTIALS = 32 * 1024;

/** Reads `Digest …` as a client sent it. */
export function parseDigestCredentials(value: string): DigestCredentials {
  const fields = parseFields(value);
  const nc = fields.get('nc');
  if (nc !== undefined && !/^[0-9a-f]{8}$/i.test(nc)) throw new SipSyntaxError('digest-nc', 0);
  const response = must(fields, 'response').toLowerCase();
  if (!/^[0-9a-f]+$/.test(response)) throw new SipSyntaxError('digest-response', 0);
  return {
    username: must(fields, 'username'),
    realm: must(fields, 'realm'),
    nonce: must(fields, 'nonce'),
    uri: must(fields, 'uri'),
    response,
    ...parseAlgorithm(fields.get('algorithm')),
    qop: fields.get('qop')?.toLowerCase(),
    cnonce: fields.get('cnonce'),
    nc: nc?.toLowerCase(),
    opaque: fields.get('opaque'),
  };
}

/** Reads `Digest …` as a server sent it. */
export function parseDigestChallenge(value: string): DigestChallenge {
  const fields = parseFields(value);
  return {
    realm: must(fields, 'realm'),
    nonce: must(fields, 'nonce'),
    ...parseAlgorithm(fields.get('algorithm')),
    qop: (fields.get('qop') ?? '')
      .toLowerCase()
      .split(',')
      .map((token) => token.trim())
      .filter((token) => token !== ''),
    stale: fields.get('stale')?.toLowerCase() === 'true',
    opaque: fields.get('opaque'),
  };
}

/** What `serializeChallenge` writes. */
export interface ChallengeFields {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  readonly session?: boolean;
  readonly qop: readonly string[];
  readonly stale?: boolean;
  readonly opaque?: string | undefined;
}

/** The value of a WWW-Authenticate or Proxy-Authenticate header. */
export function serializeChallenge({ realm, nonce, algorithm, session, qop, stale, opaque }: ChallengeFields): string {
  const parts = [`realm=${quote(realm)}`, `nonce=${quote(nonce)}`];
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`);
  if (stale === true) parts.push('stale=true');
  parts.push(`algorithm=${algorithm}${session === true ? '-sess' : ''}`);
  if (qop.length > 0) parts.push(`qop=${quote(qop.join(','))}`);
  return `Digest ${parts.join(', ')}`;
}

/** The value of an Authorization or Proxy-Authorization header. */
export function serializeCredentials(credentials: DigestCredentials): string {
  const { username, realm, nonce, uri, response, algorithm, session, qop, cnonce, nc, opaque } = credentials;
  const parts = [
    `username=${quote(username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response=${quote(response)}`,
    `algorithm=${algorithm ?? 'MD5'}${session ? '-sess' : ''}`,
  ];
  if (qop !== undefined) parts.push(`qop=${qop}`);
  if (nc !== undefined) parts.push(`nc=${nc}`);
  if (cnonce !== undefined) parts.push(`cnonce=${quote(cnonce)}`);
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`);
  return `Digest ${parts.join(', ')}`;
}

/** H(username ":" realm ":" password): what a server stores instead of the password. RFC 7616 §3.4.2. */
export function computeHa1(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
  return hash(algorithm, `${username}:${realm}:${password}`);
}

/** HA1 of a `-sess` algorithm, RFC 7616 §3.4.2. */
export function computeSessionHa1(algorithm: DigestAlgorithm, ha1: string, nonce: string, cnonce: string): string {
  return hash(algorithm, `${ha1}:${nonce}:${cnonce}`);
}

/** What the response depends on. `qop` undefined gives the form of RFC 2069. */
export interface ResponseFields {
  readonly algorithm: DigestAlgorithm;
  readonly ha1: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly nc?: string | undefined;
  readonly cnonce?: string | undefined;
  readonly qop?: string | undefined;
}

/** The response, RFC 7616 §3.4.1; of qop, `auth` and none. */
export function computeResponse({ algorithm, ha1, method, uri, nonce, nc, cnonce, qop }: ResponseFields): string {
  const ha2 = hash(algorithm, `${method}:${uri}`);
  const middle = qop === undefined ? nonce : `${nonce}:${nc ?? ''}:${cnonce ?? ''}:${qop}`;
  return hash(algorithm, `${ha1}:${middle}:${ha2}`);
}

/**
 * Whether `credentials` prove knowledge of the password behind `ha1` for a request of this method. Compares in
 * constant time. Says nothing about whether nonce, realm, URI or nonce count are the ones we want.
 */
export function verifyDigest(
  credentials: DigestCredentials,
  { ha1, method }: { ha1: string; method: string },
): boolean {
  const { algorithm, session, nonce, cnonce, nc, qop, uri, response } = credentials;
  if (algorithm === undefined || (qop !== undefined && qop !== 'auth')) return false;
  if (qop !== undefined && (cnonce === undefined || nc === undefined)) return false;
  if (session && cnonce === undefined) return false;
  const key = session ? computeSessionHa1(algorithm, ha1, nonce, cnonce ?? '') : ha1;
  const expected = Buffer.from(computeResponse({ algorithm, ha1: key, method, uri, nonce, nc, cnonce, qop }));
  const given = Buffer.from(response);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Who answers a challenge, for which request. */
export interface AnswerFields {
  readonly username: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly cnonce: string;
  /** How often this nonce has been used, this time included. */
  readonly nonceCount?: number;
}

/** Credentials that answer `challenge`; undefined when it wants what we cannot do. */
export function answerChallenge(challenge: DigestChallenge, answer: AnswerFields): DigestCredentials | undefined {
  const { algorithm, session, realm, nonce, opaque } = challenge;
  if (algorithm === undefined) return undefined;
  if (challenge.qop.length > 0 && !challenge.qop.includes('auth')) return undefined;
  const { username, password, method, uri, cnonce, nonceCount = 1 } = answer;
  const hasQop = challenge.qop.length > 0;
  const plain = computeHa1(algorithm, username, realm, password);
  const ha1 = session ? computeSessionHa1(algorithm, plain, nonce, cnonce) : plain;
  const qop = hasQop ? 'auth' : undefined;
  const nc = hasQop ? nonceCount.toString(16).padStart(8, '0') : undefined;
  const response = computeResponse({ algorithm, ha1, method, uri, nonce, nc, cnonce, qop });
  const sentCnonce = hasQop || session ? cnonce : undefined;
  return { username, realm, nonce, uri, response, algorithm, session, qop, cnonce: sentCnonce, nc, opaque };
}

const HASHES: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};

function hash(algorithm: DigestAlgorithm, text: string): string {
  return createHash(HASHES[algorithm]).update(text, 'utf8').digest('hex');
}

function parseAlgorithm(text = 'MD5'): { algorithm: DigestAlgorithm | undefined; session: boolean } {
  const upper = text.toUpperCase();
  const session = upper.endsWith('-SESS');
  const name = session ? upper.slice(0, -5) : upper;
  return { algorithm: digestAlgorithms.find((known) => known === name), session };
}

function must(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name);
  if (value === undefined) throw new SipSyntaxError(`digest-${name}`, 0);
  return value;
}

/** "Digest" LWS auth-param *( COMMA auth-param ); a parameter given twice is refused, since readers would differ. */
function parseFields(value: string): Map<string, string> {
  if (value.length > MAX_CREDENTIALS) throw new SipSyntaxError('digest-length', MAX_CREDENTIALS);
  let at = skipBlanks(value, 0);
  if (value.slice(at, at + 6).toLowerCase() !== 'digest' || !isBlank(value.charCodeAt(at + 6))) {
    throw new SipSyntaxError('digest-scheme', at);
  }
  at = skipBlanks(value, at + 6);
  const fields = new Map<string, string>();
  while (at < value.length) {
    if (value.charCodeAt(at) === COMMA) {
      at = skipBlanks(value, at + 1);
      continue;
    }
    const nameEnd = scanToken(value, at);
    if (nameEnd === at) throw new SipSyntaxError('digest-parameter', at);
    const name = value.slice(at, nameEnd).toLowerCase();
    at = skipBlanks(value, nameEnd);
    if (value.charCodeAt(at) !== EQUALS) throw new SipSyntaxError('digest-parameter', at);
    at = skipBlanks(value, at + 1);
    const end = value.charAt(at) === '"' ? scanQuoted(value, at) : scanUnquoted(value, at);
    if (fields.has(name)) throw new SipSyntaxError('digest-duplicate', at);
    fields.set(name, value.charAt(at) === '"' ? unquote(value.slice(at, end)) : value.slice(at, end));
    at = skipBlanks(value, end);
    if (at < value.length && value.charCodeAt(at) !== COMMA) throw new SipSyntaxError('digest-parameter', at);
  }
  return fields;
}

function scanUnquoted(value: string, start: number): number {
  let end = start;
  while (end < value.length && value.charCodeAt(end) !== COMMA && !isBlank(value.charCodeAt(end))) end++;
  if (end === start) throw new SipSyntaxError('digest-value', start);
  return end;
}
