/** Where the recorded server listened; the others were its peers. */
const SERVER = /127\.(?:0\.0\.1|29\.0\.[78]0)\b/g;

/** Another address of its own. */
const OTHER = /127\.29\.0\.81\b/g;

const PEER = /127\.[1-6]\.\d{1,3}\.(\d{1,2})\b/g;

/** Values that a header makes up, by its key. */
const MADE_UP: Readonly<Record<string, RegExp>> = {
  via: /branch=([^;,\s]+)/g,
  from: /;tag=([^;,\s]+)/g,
  to: /;tag=([^;,\s]+)/g,
  'call-id': /^(.*)$/g,
  cseq: /^(\d{5,})/g,
  rseq: /^(\d{5,})/g,
  rack: /(\d{5,})/g,
};

/** Routes that are signed. */
const SIGNED = { 'record-route': /<(sip:127\.[\d.]+(?::\d+)?;lr[^>]*)>/g };

/** What was called one thing in the recording and is called another here: addresses, and everything made up. */
export class Names {
  readonly #prefix: string;
  readonly #madeUp: typeof MADE_UP;
  readonly #here = new Map<string, string>();
  readonly #recorded = new Map<string, string>();

  constructor(prefix: string, { signsRoutes }: { readonly signsRoutes: boolean }) {
    this.#prefix = prefix;
    this.#madeUp = signsRoutes ? { ...MADE_UP, ...SIGNED } : MADE_UP;
  }

  /** A recorded text as it is here. */
  toHere(text: string): string {
    return replaceAll(this.moved(text), this.#here);
  }

  /** A recorded text with the addresses of here. */
  moved(text: string): string {
    const own = text.replaceAll(SERVER, `${this.#prefix}.1`).replaceAll(OTHER, `${this.#prefix}.2`);
    return own.replaceAll(PEER, `${this.#prefix}.$1`);
  }

  /** A text of here as it would have been recorded: of the peers' addresses only the last number is kept. */
  toRecorded(text: string): string {
    return comparable(
      replaceAll(text, this.#recorded).replaceAll(
        new RegExp(`${this.#prefix.replaceAll('.', '\\.')}\\.(\\d+)\\b`, 'g'),
        '127.x.x.$1',
      ),
    );
  }

  /** Learns from two messages that are the same but for what was made up. */
  learn(recorded: string, here: string): void {
    if (kindOf(recorded) !== kindOf(here)) return;
    const theirs = madeUpIn(recorded, this.#madeUp);
    const ours = madeUpIn(here, this.#madeUp);
    for (const [at, one] of theirs.entries()) {
      const other = ours[at];
      if (other !== undefined && other.kind === one.kind) this.same(one.value, other.value);
    }
  }

  same(recorded: string, here: string): void {
    const moved = this.moved(recorded);
    if (moved === here || this.#here.has(moved) || this.#recorded.has(here)) return;
    this.#here.set(moved, here);
    this.#recorded.set(here, recorded);
  }
}

/** Method, or status and what was asked. */
export function kindOf(message: string): string {
  const [first = ''] = message.split(/(?<=^SIP\/2\.0 \d{3})| /, 1);
  return `${first} ${/^CSeq: \d+ (\S+)/im.exec(message)?.[1] ?? ''}`;
}

/** A recorded text in the form in which it is compared. */
export function comparable(text: string): string {
  return text.replaceAll(SERVER, '127.x.x.1').replaceAll(OTHER, '127.x.x.2').replaceAll(PEER, '127.x.x.$1');
}

function replaceAll(text: string, names: ReadonlyMap<string, string>): string {
  let out = text;
  for (const [from, to] of names) out = out.replaceAll(from, to);
  return out;
}

function madeUpIn(message: string, madeUp: typeof MADE_UP): { kind: string; value: string }[] {
  const found: { kind: string; value: string }[] = [];
  const [head = ''] = message.split('\r\n\r\n');
  const lines = head.split('\r\n').slice(1);
  for (const key of Object.keys(madeUp)) {
    const values = lines.filter((line) => line.toLowerCase().startsWith(`${key}:`));
    for (const line of values) {
      const value = line.slice(line.indexOf(':') + 1).trim();
      for (const [, made = ''] of value.matchAll(madeUp[key] ?? /$^/g)) found.push({ kind: key, value: made });
    }
  }
  return found;
}
