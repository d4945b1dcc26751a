import { BencodeError } from './errors.ts';

/** What bencode can say. Strings are UTF-8 on the wire. */
export type BencodeValue = string | number | readonly BencodeValue[] | BencodeDictionary;

/** A dictionary; a decoded one has no prototype, so no key is special. */
export interface BencodeDictionary {
  readonly [key: string]: BencodeValue | undefined;
}

/** Deepest nesting that is decoded; rtpengine's answers need eight. */
const MAX_DEPTH = 32;
/** Longest decimal number: the digits of the largest safe integer and a sign. */
const MAX_DIGITS = 17;

const CHAR_I = 0x69;
const CHAR_L = 0x6c;
const CHAR_D = 0x64;
const CHAR_E = 0x65;
const CHAR_COLON = 0x3a;
const CHAR_MINUS = 0x2d;
const CHAR_0 = 0x30;
const CHAR_9 = 0x39;

/** The bytes of `value`; entries of a dictionary that are `undefined` are left out. */
export function encodeBencode(value: BencodeValue): Buffer {
  const parts: string[] = [];
  write(value, parts);
  return Buffer.from(parts.join(''), 'utf8');
}

function write(value: BencodeValue, parts: string[]): void {
  if (typeof value === 'string') {
    parts.push(String(Buffer.byteLength(value, 'utf8')), ':', value);
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new BencodeError('integer', 0);
    parts.push('i', String(value), 'e');
  } else if (isList(value)) {
    parts.push('l');
    for (const item of value) write(item, parts);
    parts.push('e');
  } else {
    parts.push('d');
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      write(key, parts);
      write(item, parts);
    }
    parts.push('e');
  }
}

function isList(value: readonly BencodeValue[] | BencodeDictionary): value is readonly BencodeValue[] {
  return Array.isArray(value);
}

/**
 * The value that fills `bytes` exactly. Throws `BencodeError` on anything else: a number with a leading zero, a length
 * beyond the end, a key that is no string or comes twice, nesting without end, bytes left over. The order of keys is
 * free, since rtpengine writes them in the order of their making.
 */
export function decodeBencode(bytes: Uint8Array): BencodeValue {
  const reader = new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  value(depth: number): BencodeValue {
    if (depth > MAX_DEPTH) throw new BencodeError('nesting', this.#at);
    switch (this.#bytes[this.#at]) {
      case CHAR_I:
        this.#at++;
        return this.#number(CHAR_E, true);
      case CHAR_L:
        this.#at++;
        return this.#list(depth);
      case CHAR_D:
        this.#at++;
        return this.#dictionary(depth);
      default:
        return this.#string();
    }
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new BencodeError('end', this.#at);
  }

  #list(depth: number): BencodeValue[] {
    const items: BencodeValue[] = [];
    while (this.#bytes[this.#at] !== CHAR_E) items.push(this.value(depth + 1));
    this.#at++;
    return items;
  }

  #dictionary(depth: number): BencodeDictionary {
    const entries = Object.create(null) as Record<string, BencodeValue>;
    while (this.#bytes[this.#at] !== CHAR_E) {
      const keyAt = this.#at;
      const key = this.#string();
      if (Object.hasOwn(entries, key)) throw new BencodeError('key', keyAt);
      entries[key] = this.value(depth + 1);
    }
    this.#at++;
    return entries;
  }

  #string(): string {
    const length = this.#number(CHAR_COLON, false);
    const start = this.#at;
    if (length > this.#bytes.length - start) throw new BencodeError('length', start);
    this.#at = start + length;
    return this.#bytes.toString('utf8', start, this.#at);
  }

  /** Digits up to `terminator`, in the one spelling that is allowed: no leading zeros, no `-0`. */
  #number(terminator: number, maySign: boolean): number {
    const start = this.#at;
    let at = start;
    if (maySign && this.#bytes[at] === CHAR_MINUS) at++;
    const digits = at;
    while (isDigit(this.#bytes[at])) at++;
    const spelling = this.#bytes.toString('latin1', start, Math.min(at, start + MAX_DIGITS + 1));
    const value = Number(spelling);
    const isCanonical = at > digits && String(value) === spelling && Number.isSafeInteger(value);
    if (!isCanonical || this.#bytes[at] !== terminator) throw new BencodeError('number', start);
    this.#at = at + 1;
    return value;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= CHAR_0 && byte <= CHAR_9;
}
