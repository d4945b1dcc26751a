import { isCallIdChar, isDigit, isToken, readNumber, skipBlanks } from './chars.ts';
import { type SipError, SipSyntaxError } from './errors.ts';
import { type Headers } from './headers.ts';
import { type ContactList, type NameAddr, parseContactList, parseNameAddr, parseNameAddrList } from './name-addr.ts';
import { parseUri, type Uri } from './uri.ts';
import { parseVia, type Via } from './via.ts';

/** CSeq: a number and the method it counts, RFC 3261 §20.16. */
export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/** What a message was received as; serialising it unchanged gives this back. */
export interface Origin {
  readonly bytes: Buffer;
  /** The headers' revision when it was read. */
  readonly revision: number;
}

const noBody = Buffer.alloc(0);

/**
 * What requests and responses share. Text is latin1 of the bytes on the wire, so that it re-encodes exactly;
 * `decodeUtf8` gives what a person should see. Typed headers are parsed when first asked for and remembered
 * until the headers change; a getter throws `SipSyntaxError` when its header is missing or malformed.
 */
abstract class Message {
  readonly headers: Headers;
  body: Buffer;
  /** The first defect that did not keep the message from being split, if any. */
  readonly problem: SipError | undefined;
  /** The bytes it was read from; undefined for a message that was built. */
  readonly origin: Origin | undefined;

  #revision: number;
  #via: Via | undefined;
  #from: NameAddr | undefined;
  #to: NameAddr | undefined;
  #cseq: CSeq | undefined;
  #contacts: ContactList | undefined;

  #callId: string | undefined;
  #fromText: string | undefined;
  #toText: string | undefined;
  #cseqText: string | undefined;
  #fromTag: string | undefined;
  #toTag: string | undefined;

  constructor({ headers, body, problem, bytes }: MessageParts) {
    this.headers = headers;
    this.body = body ?? noBody;
    this.problem = problem;
    this.#revision = headers.revision;
    this.origin = bytes === undefined ? undefined : { bytes, revision: headers.revision };
  }

  /** The topmost Via: for a response, whose transaction it answers; for a request, who sent it last. */
  get via(): Via {
    this.#refresh();
    return (this.#via ??= parseVia(this.required('via')));
  }

  get from(): NameAddr {
    this.#refresh();
    return (this.#from ??= parseNameAddr((this.#fromText = this.required('from'))));
  }

  get to(): NameAddr {
    this.#refresh();
    return (this.#to ??= parseNameAddr((this.#toText = this.required('to'))));
  }

  get callId(): string {
    this.#refresh();
    return (this.#callId ??= this.#readCallId());
  }

  #readCallId(): string {
    const text = this.required('call-id');
    for (let i = 0; i < text.length; i++) {
      if (!isCallIdChar(text.charCodeAt(i))) throw new SipSyntaxError('call-id', i);
    }
    if (text === '') throw new SipSyntaxError('call-id', 0);
    return text;
  }

  get cseq(): CSeq {
    this.#refresh();
    return (this.#cseq ??= parseCSeq((this.#cseqText = this.required('cseq'))));
  }

  /** The From tag; undefined from an RFC 2543 sender. Only token characters. */
  get fromTag(): string | undefined {
    this.#refresh();
    return (this.#fromTag ??= tagOf(this.from));
  }

  /** The To tag; undefined outside a dialog. Only token characters. */
  get toTag(): string | undefined {
    this.#refresh();
    return (this.#toTag ??= tagOf(this.to));
  }

  /** The Contact header; an empty list when there is none. */
  get contacts(): ContactList {
    this.#refresh();
    return (this.#contacts ??= this.#parseContacts());
  }

  /** The addresses of Route, Record-Route, Path or another list header; empty when there is none. */
  addresses(name: string): readonly NameAddr[] {
    const text = this.headers.joined(name);
    return text === undefined || text === '' ? [] : parseNameAddrList(text);
  }

  /** A header that holds one number; undefined when absent. */
  number(name: string): number | undefined {
    const text = this.headers.get(name);
    if (text === undefined) return undefined;
    const number = text.length <= 10 ? readNumber(text) : undefined;
    if (number !== undefined) return number;
    if (!/^\d{1,10}(?:\s*[;(].*)?$/.test(text)) throw new SipSyntaxError(name, 0);
    return parseInt(text, 10);
  }

  /** The text of a header that must be there. */
  required(name: string): string {
    const text = this.headers.get(name);
    if (text === undefined) throw new SipSyntaxError(`${name}-missing`, 0);
    return text;
  }

  #parseContacts(): ContactList {
    const text = this.headers.joined('contact');
    return text === undefined || text === '' ? [] : parseContactList(text);
  }

  /** Forgets what no longer stands in the headers; a new Via alone, as every hop writes, leaves the rest as it is. */
  #refresh(): void {
    if (this.#revision === this.headers.revision) return;
    this.#revision = this.headers.revision;
    this.#via = this.#contacts = this.#callId = undefined;
    if (this.headers.get('from') !== this.#fromText) this.#from = this.#fromTag = undefined;
    if (this.headers.get('to') !== this.#toText) this.#to = this.#toTag = undefined;
    if (this.headers.get('cseq') !== this.#cseqText) this.#cseq = undefined;
  }
}

export interface MessageParts {
  readonly headers: Headers;
  readonly body?: Buffer | undefined;
  readonly problem?: SipError | undefined;
  readonly bytes?: Buffer | undefined;
}

/** A request, RFC 3261 §7.1. */
export class SipRequest extends Message {
  readonly kind = 'request';
  readonly method: string;
  /** The Request-URI as written. */
  readonly uri: string;
  #parsedUri: Uri | undefined;

  constructor(parts: MessageParts & { readonly method: string; readonly uri: string }) {
    super(parts);
    this.method = parts.method;
    this.uri = parts.uri;
  }

  /** The Request-URI, parsed. */
  get requestUri(): Uri {
    return (this.#parsedUri ??= parseUri(this.uri));
  }
}

/** A response, RFC 3261 §7.2. */
export class SipResponse extends Message {
  readonly kind = 'response';
  readonly status: number;
  readonly reason: string;

  constructor(parts: MessageParts & { readonly status: number; readonly reason: string }) {
    super(parts);
    this.status = parts.status;
    this.reason = parts.reason;
  }
}

export type SipMessage = SipRequest | SipResponse;

/** Text of a head as a person should read it: its bytes as UTF-8. */
export function decodeUtf8(latin1: string): string {
  return isAscii(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8');
}

/** Text from elsewhere in the form that heads have: each byte of its UTF-8 a character. */
export function encodeUtf8(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** CSeq = 1*DIGIT LWS Method; the number stays below 2**31, RFC 3261 §8.1.1.5. */
export function parseCSeq(text: string): CSeq {
  let end = 0;
  while (isDigit(text.charCodeAt(end))) end++;
  const number = Number(text.slice(0, end));
  if (end === 0 || end > 10 || number > 0x7fffffff) throw new SipSyntaxError('cseq-number', 0);
  const start = skipBlanks(text, end);
  const method = text.slice(start);
  if (start === end || method === '') throw new SipSyntaxError('cseq-method', end);
  for (let i = start; i < text.length; i++)
    if (!isToken(text.charCodeAt(i))) throw new SipSyntaxError('cseq-method', i);
  return { number, method };
}

/** A tag becomes part of a dialog id, so it may hold nothing but a token, RFC 3261 §19.3. */
function tagOf(addr: NameAddr): string | undefined {
  const tag = addr.params.get('tag');
  if (tag === undefined) return undefined;
  for (let i = 0; i < tag.length; i++) if (!isToken(tag.charCodeAt(i))) throw new SipSyntaxError('tag', i);
  return tag === '' ? undefined : tag;
}
