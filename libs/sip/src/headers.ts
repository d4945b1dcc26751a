/** Header lines as they were read: name as spelled, what it is looked up by, value. */
export interface HeaderLines {
  readonly names: string[];
  readonly keys: string[];
  readonly values: string[];
}

/** Header fields in order, as spelled; looked up by any spelling, compact forms included. RFC 3261 §7.3. */
export class Headers {
  readonly #names: string[];
  readonly #keys: string[];
  readonly #values: string[];
  #revision = 0;

  constructor(names: string[] = [], values: string[] = [], keys: string[] = names.map(headerKey)) {
    this.#names = names;
    this.#values = values;
    this.#keys = keys;
  }

  /** Takes over what a parser has read; `keys` are those that `headerKey` gives. */
  static ofLines({ names, keys, values }: HeaderLines): Headers {
    return new Headers(names, values, keys);
  }

  /** How many header lines there are. */
  get size(): number {
    return this.#names.length;
  }

  /** Grows with every change, so that what was derived from the headers can be known to be stale. */
  get revision(): number {
    return this.#revision;
  }

  /** The value of the first line called `name`. */
  get(name: string): string | undefined {
    const at = this.#keys.indexOf(headerKey(name));
    return at < 0 ? undefined : this.#values[at];
  }

  /** The values of all lines called `name`. */
  all(name: string): string[] {
    const key = headerKey(name);
    const found: string[] = [];
    for (let i = this.#keys.indexOf(key); i >= 0; i = this.#keys.indexOf(key, i + 1)) found.push(this.#values[i] ?? '');
    return found;
  }

  /** All lines called `name` as one comma list; undefined when there is none. RFC 3261 §7.3.1. */
  joined(name: string): string | undefined {
    const values = this.all(name);
    return values.length < 2 ? values[0] : values.join(', ');
  }

  has(name: string): boolean {
    return this.#keys.includes(headerKey(name));
  }

  count(name: string): number {
    const key = headerKey(name);
    let count = 0;
    for (let i = this.#keys.indexOf(key); i >= 0; i = this.#keys.indexOf(key, i + 1)) count++;
    return count;
  }

  /** Replaces every line called `name` by one, in the place of the first, or at the end. */
  set(name: string, value: string): void {
    const at = this.#keys.indexOf(headerKey(name));
    if (at < 0) {
      this.append(name, value);
      return;
    }
    this.#values[at] = value;
    this.#revision++;
    this.#removeFrom(at + 1, headerKey(name));
  }

  append(name: string, value: string): void {
    this.#insert(this.#names.length, name, value);
  }

  /** Puts a line before the first called `name`, or on top. */
  prepend(name: string, value: string): void {
    this.#insert(Math.max(this.#keys.indexOf(headerKey(name)), 0), name, value);
  }

  /** Replaces the value of the first line called `name`; does nothing without one. */
  replaceFirst(name: string, value: string): void {
    const at = this.#keys.indexOf(headerKey(name));
    if (at < 0) return;
    this.#values[at] = value;
    this.#revision++;
  }

  remove(name: string): void {
    this.#removeFrom(0, headerKey(name));
  }

  /** Removes the first line called `name`. */
  removeFirst(name: string): void {
    const at = this.#keys.indexOf(headerKey(name));
    if (at >= 0) this.#removeAt(at);
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.#names.length; i++) yield [this.#names[i] ?? '', this.#values[i] ?? ''];
  }

  /** Calls `visit` for every line in order; `key` is the lower-case long form of `name`. */
  forEach(visit: (name: string, value: string, key: string) => void): void {
    for (let i = 0; i < this.#names.length; i++)
      visit(this.#names[i] ?? '', this.#values[i] ?? '', this.#keys[i] ?? '');
  }

  /** Independent of this one; changes to either do not show in the other. */
  copy(): Headers {
    return new Headers(this.#names.slice(), this.#values.slice(), this.#keys.slice());
  }

  /** The lines as text, each ended by CRLF. */
  toText(): string {
    let out = '';
    for (let i = 0; i < this.#names.length; i++) out += `${this.#names[i] ?? ''}: ${this.#values[i] ?? ''}\r\n`;
    return out;
  }

  #insert(at: number, name: string, value: string): void {
    this.#names.splice(at, 0, name);
    this.#values.splice(at, 0, value);
    this.#keys.splice(at, 0, headerKey(name));
    this.#revision++;
  }

  #removeFrom(start: number, key: string): void {
    for (let i = this.#keys.indexOf(key, start); i >= 0; i = this.#keys.indexOf(key, i)) this.#removeAt(i);
  }

  #removeAt(at: number): void {
    this.#names.splice(at, 1);
    this.#values.splice(at, 1);
    this.#keys.splice(at, 1);
    this.#revision++;
  }
}

/** Lower case, compact forms written out: what two spellings of one header name have in common. */
export function headerKey(name: string): string {
  return knownKeys.get(name) ?? slowKey(name);
}

/** The usual spelling of a header name: as registered where we know it, else each word capitalised. */
export function headerName(name: string): string {
  const key = headerKey(name);
  return (
    usualNames.get(key) ??
    key.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())
  );
}

/** Compact forms, RFC 3261 §7.3.3 and the registry of header fields. */
const COMPACT: ReadonlyMap<string, string> = new Map([
  ['a', 'accept-contact'],
  ['b', 'referred-by'],
  ['c', 'content-type'],
  ['d', 'request-disposition'],
  ['e', 'content-encoding'],
  ['f', 'from'],
  ['i', 'call-id'],
  ['j', 'reject-contact'],
  ['k', 'supported'],
  ['l', 'content-length'],
  ['m', 'contact'],
  ['n', 'identity-info'],
  ['o', 'event'],
  ['r', 'refer-to'],
  ['s', 'subject'],
  ['t', 'to'],
  ['u', 'allow-events'],
  ['v', 'via'],
  ['x', 'session-expires'],
  ['y', 'identity'],
]);

const compactNames = new Map([...COMPACT].map(([letter, key]) => [key, letter]));

/** The shortest spelling of a header name: its compact form where there is one. RFC 3261 §7.3.3. */
export function compactName(name: string): string {
  return compactNames.get(headerKey(name)) ?? name;
}

/** Spellings that most senders use; looking them up saves lower-casing every name of every message. */
const USUAL = [
  ...['Accept', 'Accept-Contact', 'Accept-Encoding', 'Accept-Language', 'Alert-Info', 'Allow', 'Allow-Events'],
  ...['Authentication-Info', 'Authorization', 'Call-ID', 'Call-Info', 'Contact', 'Content-Disposition'],
  ...['Content-Encoding', 'Content-Language', 'Content-Length', 'Content-Type', 'CSeq', 'Date', 'Diversion', 'Event'],
  ...['Expires', 'From', 'Geolocation', 'History-Info', 'Identity', 'In-Reply-To', 'Join', 'Max-Forwards'],
  ...['MIME-Version', 'Min-Expires', 'Min-SE', 'Organization', 'P-Access-Network-Info', 'P-Asserted-Identity'],
  ...['P-Charging-Vector', 'P-Preferred-Identity', 'Path', 'Priority', 'Privacy', 'Proxy-Authenticate'],
  ...['Proxy-Authorization', 'Proxy-Require', 'RAck', 'Reason', 'Record-Route', 'Refer-To', 'Referred-By'],
  ...['Remote-Party-ID', 'Replaces', 'Reply-To', 'Require', 'Retry-After', 'Route', 'RSeq', 'Server', 'Service-Route'],
  ...['Session-Expires', 'SIP-ETag', 'SIP-If-Match', 'Subject', 'Subscription-State', 'Supported', 'Timestamp', 'To'],
  ...['Unsupported', 'User-Agent', 'Via', 'Warning', 'WWW-Authenticate'],
];

const usualNames = new Map(USUAL.map((name) => [name.toLowerCase(), name]));

const knownKeys = new Map<string, string>([
  ...USUAL.flatMap((name): [string, string][] => [
    [name, name.toLowerCase()],
    [name.toLowerCase(), name.toLowerCase()],
  ]),
  ...[...COMPACT].flatMap(([letter, key]): [string, string][] => [
    [letter, key],
    [letter.toUpperCase(), key],
  ]),
]);

/**
 * The name that stands in `text` from `start` to `end`, when it is spelled as most senders do: names are found by length
 * and first letter, so that nearly no name of a message is cut out, hashed and kept.
 */
export function knownName(text: string, start: number, end: number): KnownName | undefined {
  const candidates = byShape[shapeOf(end - start, text.charCodeAt(start))];
  if (candidates === undefined) return undefined;
  for (const known of candidates) if (text.startsWith(known.name, start)) return known;
  return undefined;
}

/** A usual spelling, and what it is looked up by. */
interface KnownName {
  readonly name: string;
  readonly key: string;
}

/** Longer than any usual name. */
const MAX_KNOWN_LENGTH = 32;

const byShape: (KnownName[] | undefined)[] = [];
for (const [name, key] of knownKeys) (byShape[shapeOf(name.length, name.charCodeAt(0))] ??= []).push({ name, key });

function shapeOf(length: number, first: number): number {
  return first < 128 && length < MAX_KNOWN_LENGTH ? length * 128 + first : -1;
}

function slowKey(name: string): string {
  const lower = name.toLowerCase();
  return COMPACT.get(lower) ?? lower;
}
