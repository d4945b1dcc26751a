import { EslFramingError } from '../errors.ts';

/** One command of a client: its first line, its headers by lower-case name, and a body when it has one. */
export interface EslCommand {
  readonly line: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A command line may carry a list of files or an SDP; nothing honest is longer. */
const MAX_HEAD_BYTES = 65_536;
const MAX_BODY_BYTES = 1_048_576;
const MAX_HEADERS = 256;

const LF = 0x0a;
const CR = 0x0d;

/** Cuts a stream into commands: lines up to an empty one, then a body of `Content-Length` bytes. */
export class CommandReader {
  #buffer: Buffer = Buffer.alloc(0);
  /** Where the search for the end of the head goes on. */
  #searched = 0;

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
  }

  /** The next command, or undefined when more bytes are needed. Throws `EslFramingError`. */
  next(): EslCommand | undefined {
    this.#skipLineEnds();
    const end = this.#headEnd();
    if (end === undefined) return undefined;
    const { line, headers } = parseHead(this.#buffer.toString('utf8', 0, end));
    const length = contentLength(headers);
    const start = end + (this.#buffer[end] === CR ? 2 : 1);
    if (this.#buffer.length < start + length) return undefined;
    const body = this.#buffer.toString('utf8', start, start + length);
    this.#buffer = this.#buffer.subarray(start + length);
    this.#searched = 0;
    return { line, headers, body };
  }

  #skipLineEnds(): void {
    let at = 0;
    while (this.#buffer[at] === LF || this.#buffer[at] === CR) at++;
    if (at > 0) this.#buffer = this.#buffer.subarray(at);
  }

  /** Where the empty line begins. */
  #headEnd(): number | undefined {
    for (let lf = this.#buffer.indexOf(LF, this.#searched); lf >= 0; lf = this.#buffer.indexOf(LF, lf + 1)) {
      if (lf > MAX_HEAD_BYTES) break;
      const next = this.#buffer[lf + 1];
      if (next === LF || (next === CR && this.#buffer[lf + 2] === LF)) return lf + 1;
    }
    if (this.#buffer.length > MAX_HEAD_BYTES) throw new EslFramingError(`a head beyond ${MAX_HEAD_BYTES} bytes`);
    // The line end may be the first of two, of which the second has not come yet.
    this.#searched = Math.max(0, this.#buffer.length - 2);
    return undefined;
  }
}

function parseHead(text: string): { readonly line: string; readonly headers: ReadonlyMap<string, string> } {
  const [line = '', ...rest] = text.split('\n').map((one) => one.replace(/\r$/, ''));
  if (rest.length > MAX_HEADERS) throw new EslFramingError(`more than ${MAX_HEADERS} headers`);
  const headers = new Map<string, string>();
  for (const header of rest) {
    const colon = header.indexOf(':');
    if (colon > 0) headers.set(header.slice(0, colon).trim().toLowerCase(), header.slice(colon + 1).trim());
  }
  return { line: line.trim(), headers };
}

function contentLength(headers: ReadonlyMap<string, string>): number {
  const text = headers.get('content-length') ?? '0';
  if (!/^\d{1,9}$/.test(text)) throw new EslFramingError('a length that is no number');
  const length = Number(text);
  if (length > MAX_BODY_BYTES) throw new EslFramingError(`a body beyond ${MAX_BODY_BYTES} bytes`);
  return length;
}
