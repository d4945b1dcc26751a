import { COLON, CR, isBlank, isToken, LF, readNumber, SPACE } from './chars.ts';
import { type SipError, SipLimitError, SipSyntaxError } from './errors.ts';
import { headerKey, type HeaderLines, Headers, knownName } from './headers.ts';
import { type SipMessage, SipRequest, SipResponse } from './message.ts';

/** The largest head we read: the largest UDP datagram. */
export const MAX_HEAD_BYTES = 65_535;

/** The largest body we read on a stream: an SDP of a browser has 10 kB, a presence document some 100. */
export const MAX_BODY_BYTES = 512 * 1024;

/** More digits than any body we read has bytes. */
const MAX_LENGTH_DIGITS = 9;

/** A message with more header lines than this was made to cost us time. */
export const MAX_HEADER_LINES = 512;

/**
 * Splits one datagram into a message, RFC 3261 §18.3. Throws when it is no SIP at all; a defect that leaves the
 * rest readable is noted in `problem`, so that it can be answered.
 */
export function parseMessage(bytes: Buffer): SipMessage {
  let start = 0;
  // Empty lines before a message are to be ignored, RFC 3261 §7.5.
  while (bytes[start] === CR && bytes[start + 1] === 10) start += 2;
  // One decoding for the search and the head: going into a buffer twice costs more than the few bytes of a body.
  const text = bytes.toString('latin1', start);
  const blank = text.indexOf('\r\n\r\n');
  if (blank < 0) throw new SipSyntaxError('blank-line', bytes.length);
  const headEnd = start + blank;
  const head = splitHead(text.slice(0, blank + 4));
  const length = contentLength(head);
  const available = bytes.length - headEnd - 4;
  if (typeof length === 'number' && length <= available) return finish(head, bytes, start, headEnd + 4, length);
  if (length === undefined) return finish(head, bytes, start, headEnd + 4, available);
  head.problem ??= typeof length === 'number' ? new SipSyntaxError('content-length', 0) : length;
  return finish(head, bytes, start, headEnd + 4, available);
}

/** The head of a message, split but not yet joined with its body. */
export interface Head {
  readonly startLine: StartLine;
  readonly headers: Headers;
  problem: SipError | undefined;
}

type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly uri: string }
  | { readonly kind: 'response'; readonly status: number; readonly reason: string };

/** Splits the head that lies in `bytes` from `start` up to and including its blank line at `end`. */
export function parseHead(bytes: Buffer, start: number, end: number): Head {
  return splitHead(bytes.toString('latin1', start, end));
}

function splitHead(text: string): Head {
  if (text.length > MAX_HEAD_BYTES) throw new SipLimitError('head', MAX_HEAD_BYTES);
  const problems: SipSyntaxError[] = [];
  let lineEnd = endOfLine(text, 0, problems);
  const startLine = parseStartLine(text.slice(0, lineEnd), problems);
  const lines: HeaderLines = { names: [], keys: [], values: [] };
  for (let at = lineEnd + 2; ; at = lineEnd + 2) {
    lineEnd = endOfLine(text, at, problems);
    if (lineEnd === at) break;
    if (isBlank(text.charCodeAt(lineEnd + 2))) {
      lineEnd = endOfFolded(text, lineEnd, problems);
      addHeader(unfold(text.slice(at, lineEnd)), 0, lineEnd - at, at, lines, problems);
    } else addHeader(text, at, lineEnd, at, lines, problems);
    if (lines.names.length > MAX_HEADER_LINES) throw new SipLimitError('header-lines', MAX_HEADER_LINES);
  }
  // In a quoted string it may stand behind a backslash, RFC 3261 §25.1.
  if (text.includes('\0') && /(?<!\\)\0/.test(text)) problems.push(new SipSyntaxError('nul', text.indexOf('\0')));
  return { startLine, headers: Headers.ofLines(lines), problem: problems[0] };
}

/** The body's length as declared: a number, undefined when not declared, or what is wrong with it. */
export function contentLength({ headers }: Head): number | undefined | SipSyntaxError {
  const text = headers.get('content-length');
  if (text === undefined) return undefined;
  const length = readNumber(text);
  if (length === undefined || text.length > MAX_LENGTH_DIGITS) return new SipSyntaxError('content-length', 0);
  // Two different lengths are how one message is made to look like two.
  if (headers.count('content-length') > 1 && headers.all('content-length').some((other) => other !== text)) {
    return new SipSyntaxError('content-length', 0);
  }
  return length;
}

/** Joins a head with the body of `length` bytes that follows it. */
export function finish(head: Head, bytes: Buffer, start: number, bodyStart: number, length: number): SipMessage {
  const { startLine, headers, problem } = head;
  const end = bodyStart + length;
  const body = length === 0 ? undefined : bytes.subarray(bodyStart, end);
  const whole = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
  // Written out, not spread: this runs for every message.
  if (startLine.kind === 'request') {
    const { method, uri } = startLine;
    return new SipRequest({ headers, problem, body, bytes: whole, method, uri });
  }
  const { status, reason } = startLine;
  return new SipResponse({ headers, problem, body, bytes: whole, status, reason });
}

/** The offset of the CRLF that ends the line; a line feed or carriage return on its own is noted. */
function endOfLine(text: string, at: number, problems: SipSyntaxError[]): number {
  let cr = text.indexOf('\r', at);
  while (text.charCodeAt(cr + 1) !== 10) {
    problems.push(new SipSyntaxError('line-end', cr));
    cr = text.indexOf('\r', cr + 1);
  }
  const lf = text.indexOf('\n', at);
  if (lf < cr) problems.push(new SipSyntaxError('line-end', lf));
  return cr;
}

/** Lines that begin with white space continue the one before, RFC 3261 §7.3.1. */
function endOfFolded(text: string, lineEnd: number, problems: SipSyntaxError[]): number {
  while (isBlank(text.charCodeAt(lineEnd + 2))) lineEnd = endOfLine(text, lineEnd + 2, problems);
  return lineEnd;
}

/** Replaces each fold by spaces of the same length, so that offsets stay true. */
function unfold(line: string): string {
  return line.replace(/\r\n[ \t]/g, '   ');
}

function addHeader(
  text: string,
  start: number,
  end: number,
  offset: number,
  { names, keys, values }: HeaderLines,
  problems: SipSyntaxError[],
): void {
  const colon = text.indexOf(':', start);
  let nameEnd = colon;
  while (isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--;
  const known = colon < 0 || colon >= end ? undefined : knownName(text, start, nameEnd);
  if (known === undefined && (colon < 0 || colon >= end || nameEnd <= start || !isTokenSlice(text, start, nameEnd))) {
    problems.push(new SipSyntaxError('header-line', offset));
    return;
  }
  let from = colon + 1;
  while (from < end && isBlank(text.charCodeAt(from))) from++;
  while (end > from && isBlank(text.charCodeAt(end - 1))) end--;
  const name = known?.name ?? text.slice(start, nameEnd);
  names.push(name);
  keys.push(known?.key ?? headerKey(name));
  values.push(text.slice(from, end));
}

function isTokenSlice(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isToken(text.charCodeAt(i))) return false;
  return true;
}

/** Request-Line or Status-Line, RFC 3261 §7.1 and §7.2. */
function parseStartLine(line: string, problems: SipSyntaxError[]): StartLine {
  return line.startsWith('SIP/') ? parseStatusLine(line) : parseRequestLine(line, problems);
}

function parseStatusLine(line: string): StartLine {
  const status = readNumber(line.slice(8, 11)) ?? 0;
  const isSplit = line.length === 11 || (line.length > 11 && line.charCodeAt(11) === SPACE);
  if (!line.startsWith('SIP/2.0 ') || status < 100 || status >= 700 || !isSplit || hasLineEnd(line))
    throw new SipSyntaxError('status-line', 0);
  return { kind: 'response', status, reason: line.slice(12) };
}

/** Whether a line end stands where none ends a line. */
function hasLineEnd(line: string): boolean {
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (code === CR || code === LF) return true;
  }
  return false;
}

function parseRequestLine(written: string, problems: SipSyntaxError[]): StartLine {
  const line = written.endsWith(' ') ? written.trimEnd() : written;
  if (line !== written) problems.push(new SipSyntaxError('request-line', line.length));
  const methodEnd = line.indexOf(' ');
  const uriEnd = line.lastIndexOf(' ');
  if (methodEnd <= 0 || !isTokenSlice(line, 0, methodEnd)) throw new SipSyntaxError('request-line', 0);
  const method = line.slice(0, methodEnd);
  const version = line.slice(uriEnd + 1);
  if (version !== 'SIP/2.0' && !/^SIP\/\d{1,3}\.\d{1,3}$/i.test(version))
    throw new SipSyntaxError('request-line', uriEnd + 1);
  if (version !== 'SIP/2.0' && version.toUpperCase() !== 'SIP/2.0')
    problems.push(new SipSyntaxError('sip-version', uriEnd + 1));
  const uri = line.slice(methodEnd + 1, uriEnd);
  if (uri === '' || uriEnd === methodEnd) problems.push(new SipSyntaxError('request-uri', methodEnd + 1));
  for (let i = 0; i < uri.length; i++) {
    const code = uri.charCodeAt(i);
    if (code <= SPACE || code === 60 || code === 62) {
      problems.push(new SipSyntaxError('request-uri', methodEnd + 1 + i));
      break;
    }
  }
  if (uri.charCodeAt(0) === COLON) problems.push(new SipSyntaxError('request-uri', methodEnd + 1));
  return { kind: 'request', method, uri };
}
