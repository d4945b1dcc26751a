import { Headers } from './headers.ts';
import { type SipMessage, type SipRequest, SipResponse } from './message.ts';
import { reasonPhrase } from './status.ts';

/** The bytes of a message: those it was read from when nothing changed, else written anew with a true Content-Length. */
export function serializeMessage(message: SipMessage): Buffer {
  const { origin, headers, body } = message;
  if (origin?.revision === headers.revision && declaredLength(headers) === body.length) return origin.bytes;
  headers.set('Content-Length', String(body.length));
  return serializeParts(startLine(message), headers.toText(), body);
}

/** The bytes of a message given as text in latin1 and a body; `headerText` ends with CRLF. */
export function serializeParts(start: string, headerText: string, body: Buffer): Buffer {
  const headLength = start.length + 2 + headerText.length + 2;
  const bytes = Buffer.allocUnsafe(headLength + body.length);
  bytes.write(`${start}\r\n${headerText}\r\n`, 0, 'latin1');
  if (body.length > 0) body.copy(bytes, headLength);
  return bytes;
}

/** The first line of a message, without its line end. */
export function startLine(message: SipMessage): string {
  return message.kind === 'request'
    ? `${message.method} ${message.uri} SIP/2.0`
    : `SIP/2.0 ${message.status} ${message.reason}`;
}

/** What a response takes over from its request. */
const COPIED = ['via', 'from', 'to', 'call-id', 'cseq'] as const;

/** A response to `request` with what RFC 3261 §8.2.6 wants copied; `toTag` is added when To has no tag yet. */
export function responseTo(
  request: SipRequest,
  { status, reason = reasonPhrase(status), toTag }: { status: number; reason?: string; toTag?: string | undefined },
): SipResponse {
  const names: string[] = [];
  const values: string[] = [];
  request.headers.forEach((name, value, key) => {
    const isCopied = (COPIED as readonly string[]).includes(key) || (key === 'timestamp' && status === 100);
    if (!isCopied) return;
    names.push(longName[key] ?? name);
    values.push(key === 'to' && toTag !== undefined && !hasTag(request) ? `${value};tag=${toTag}` : value);
  });
  return new SipResponse({ status, reason, headers: new Headers(names, values) });
}

const longName: Readonly<Record<string, string>> = {
  via: 'Via',
  from: 'From',
  to: 'To',
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  timestamp: 'Timestamp',
};

/** A To that cannot be read has no tag we could keep: the response to it gets none either. */
function hasTag(request: SipRequest): boolean {
  return /;\s*tag\s*=/i.test(request.headers.get('to') ?? '');
}

function declaredLength(headers: Headers): number {
  const text = headers.get('content-length');
  return text === undefined ? -1 : Number(text);
}
