import { Headers, parseUri, SipError } from '@callweave/sip';
import { parseDelayMs, type ProxyWish } from '../core/proxy/wish.ts';

/** What a request handler wants done with a request. */
export type HandlerReply =
  | { readonly kind: 'connect'; readonly host: string; readonly port: number; readonly isSecure: boolean }
  | { readonly kind: 'tagged'; readonly tag: string }
  | { readonly kind: 'reject'; readonly status: number; readonly reason?: string }
  | { readonly kind: 'redirect'; readonly contacts: readonly string[] }
  | { readonly kind: 'proxy'; readonly wish: Omit<ProxyWish, 'txn'> }
  | { readonly kind: 'broken'; readonly reason: string };

/** Reads the JSON of a handler, as drachtio-server's documentation has it. */
export function parseHandlerReply(text: string): HandlerReply {
  let reply: unknown;
  try {
    reply = JSON.parse(text);
  } catch {
    return broken('no JSON');
  }
  const { action, data } = fieldsOf(reply);
  const fields = fieldsOf(data);
  switch (action) {
    case 'route':
      return readRoute(fields);
    case 'reject':
      return readReject(fields);
    case 'redirect':
      return readRedirect(fields);
    case 'proxy':
      return readProxy(fields);
    default:
      return broken('no such action');
  }
}

type Fields = Readonly<Record<string, unknown>>;

function readRoute({ uri, tag }: Fields): HandlerReply {
  if (typeof tag === 'string') return { kind: 'tagged', tag };
  const found = typeof uri === 'string' ? /^(?:sip:)?(\[[\d.:a-f]+\]|[^:;[\]]+):(\d{1,5})(;.*)?$/i.exec(uri) : null;
  const [, host, port = '', params = ''] = found ?? [];
  if (host === undefined || Number(port) === 0 || Number(port) > 65_535) return broken('route without uri and tag');
  const isSecure = /;transport=tls(?:;|$)/i.test(params);
  return { kind: 'connect', host: host.replace(/^\[|\]$/g, ''), port: Number(port), isSecure };
}

function readReject({ status, reason }: Fields): HandlerReply {
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 300 || status > 699) {
    return broken('reject without a status');
  }
  return typeof reason === 'string' && !/[\r\n]/.test(reason)
    ? { kind: 'reject', status, reason }
    : { kind: 'reject', status };
}

function readRedirect({ contact }: Fields): HandlerReply {
  const contacts = urisOf(contact);
  return contacts === undefined ? broken('redirect without contacts') : { kind: 'redirect', contacts };
}

function readProxy(fields: Fields): HandlerReply {
  const targets = urisOf(fields['destination']);
  if (targets === undefined) return broken('proxy without destinations');
  const delayOf = (name: string): number | undefined => {
    const text = fields[name];
    return typeof text === 'string' ? parseDelayMs(text) : undefined;
  };
  const wish = {
    targets,
    staysInPath: fields['recordRoute'] === true,
    tellsResponses: false,
    followsRedirects: fields['followRedirects'] === true,
    isSimultaneous: fields['simultaneous'] === true,
    provisionalMs: delayOf('provisionalTimeout'),
    finalMs: delayOf('finalTimeout'),
    headers: new Headers(),
  };
  return { kind: 'proxy', wish };
}

/** One URI or several, none of them broken; else undefined. */
function urisOf(value: unknown): readonly string[] | undefined {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  return texts.length > 0 && texts.every(isUri) ? texts : undefined;
}

function isUri(text: unknown): text is string {
  if (typeof text !== 'string' || /[\r\n<>]/.test(text)) return false;
  try {
    return parseUri(text).kind !== 'other';
  } catch (error) {
    if (error instanceof SipError) return false;
    throw error;
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function broken(reason: string): HandlerReply {
  return { kind: 'broken', reason };
}
