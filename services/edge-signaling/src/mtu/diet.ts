import { type HeaderValues, type OutgoingRequest } from '@callweave/srf';
import { withoutBrowserAttributes, withoutLastCodec } from '@callweave/sdp';

/** What can make a request shorter, in the order in which it is tried. */
export const dietRules = ['headers', 'compact', 'attributes', 'codecs', 'tcp'] as const;
export type DietRule = (typeof dietRules)[number];

/** What a request has become, and the bytes that each rule took away; `tcp` takes none, and needs none to. */
export interface Diet {
  readonly request: OutgoingRequest;
  readonly saved: ReadonlyMap<DietRule, number>;
}

/** What the engine adds: request line, Via, Max-Forwards, CSeq, Contact, Content-Length. */
const ENGINE_BYTES = 300;

/**
 * What compact forms save of the headers of any INVITE: v, f, t, i, m, c and l, RFC 3261 §7.3.3. The SIP engine writes
 * them all where one is asked for; drachtio-server writes none.
 */
const COMPACT_BYTES = 45;

/** About how long a request will be on the wire, in bytes. */
export function sizeOf({ uri, headers = {}, body = '' }: OutgoingRequest): number {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  return ENGINE_BYTES + 2 * uri.length + Buffer.byteLength(lines.join('')) + Buffer.byteLength(body);
}

export interface DietOptions {
  /** Bytes that arrive at the device. */
  readonly budget: number;
  /** Whether a header may be left out. */
  readonly isExtra: (name: string) => boolean;
  /** Whether the device can be reached by a connection of ours. */
  readonly canConnect: boolean;
}

/**
 * Makes a request fit into `budget` where that is possible: without headers that nobody needs, then in compact forms,
 * then without what only browsers understand, then with fewer codecs, then by TCP, which has no limit. Undefined when it
 * fits as it is. RFC 3261 §18.1.1.
 */
export function diet(request: OutgoingRequest, { budget, isExtra, canConnect }: DietOptions): Diet | undefined {
  const before = sizeOf(request);
  if (before <= budget) return undefined;
  const saved = new Map<DietRule, number>();
  let lean: OutgoingRequest = { ...request, headers: withoutExtras(request.headers, isExtra) };
  if (sizeOf(lean) < before) saved.set('headers', before - sizeOf(lean));
  const fits = (one: OutgoingRequest): boolean => sizeOf(one) - (saved.get('compact') ?? 0) <= budget;
  if (fits(lean)) return { request: lean, saved };
  saved.set('compact', COMPACT_BYTES);
  lean = { ...lean, headers: inCompactForm(lean.headers) };
  const compact = sizeOf(lean);
  if (!fits(lean)) lean = { ...lean, body: withoutBrowserAttributes(lean.body ?? '') ?? lean.body };
  const full = sizeOf(lean);
  if (full < compact) saved.set('attributes', compact - full);
  while (!fits(lean)) {
    const body = withoutLastCodec(lean.body ?? '');
    if (body === undefined) break;
    lean = { ...lean, body };
  }
  if (sizeOf(lean) < full) saved.set('codecs', full - sizeOf(lean));
  if (fits(lean) || !canConnect) return { request: lean, saved };
  // By a connection nothing has to be left out.
  return { request: { ...request, nextHop: byTcp(request.uri) }, saved: new Map([['tcp', 0]]) };
}

function withoutExtras(headers: HeaderValues = {}, isExtra: DietOptions['isExtra']): HeaderValues {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isExtra(name)));
}

function inCompactForm({ 'Content-Type': type, ...others }: HeaderValues = {}): HeaderValues {
  return type === undefined ? others : { ...others, c: type };
}

function byTcp(uri: string): string {
  const [, address = uri] = /^<?([^;?>]*)/.exec(uri) ?? [];
  return `${address};transport=tcp`;
}
