import { parseUri, type SipRequest } from '@callweave/sip';
import { shownAs } from '../core/local.ts';
import { type Flow } from '../transport/transport.ts';

/** The URL at which a handler is asked about a request: drachtio-server's parameters, then those of the request-URI. */
export function handlerUrl(base: string, request: SipRequest, flow: Flow): string {
  const url = new URL(base);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  const uri = parseUri(request.uri);
  const asked: readonly (readonly [name: string, value: string])[] = [
    ['method', request.method],
    ['domain', uri.kind === 'sip' ? uri.host : ''],
    ['protocol', shownAs(flow)],
    ['source_address', flow.remoteAddress],
    ['fromUser', userOf(request.from.uri)],
    ['toUser', userOf(request.to.uri)],
    ['uriUser', userOf(request.uri)],
    ['contentType', request.headers.get('content-type') ?? ''],
    ['uri', request.uri],
  ];
  for (const [name, value] of asked) url.searchParams.append(name, value);
  if (uri.kind === 'other') return url.href;
  for (const [name, value] of uri.params) url.searchParams.append(name, value ?? '');
  return url.href;
}

function userOf(text: string): string {
  const uri = parseUri(text);
  if (uri.kind === 'tel') return uri.number;
  return uri.kind === 'sip' ? (uri.user ?? '') : '';
}
