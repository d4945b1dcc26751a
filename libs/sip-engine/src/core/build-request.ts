import {
  formatNameAddr,
  type Headers,
  parseNameAddr,
  SipError,
  type SipRequest,
  serializeParts,
  type SipResponse,
  withParam,
} from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { type Flow } from '../transport/transport.ts';
import { appLines, cancelHeaders, fillLocalhost, requestHeaders } from './app-headers.ts';
import { type Core } from './context.ts';
import { type Dialog } from './dialog.ts';
import { compacted, wantsCompact } from './compact.ts';
import { contactFor, isSdp, isSips, localHostPort, viaFor } from './local.ts';
import { asOriginal } from './original-lines.ts';
import { presetRoutes, routed, routesOf } from './routes.ts';
import { makesDialog } from './uas-request.ts';

/** A request ready to be sent. */
export interface BuiltRequest {
  readonly bytes: Buffer;
  readonly branch: string;
}

/** What an application wants sent. */
export interface RequestWish {
  readonly method: string;
  readonly uri: string;
  readonly headers: Headers;
  readonly body: Buffer;
  /** The next hop is given, and so Route is what is to be written. */
  readonly keepsRoutes?: boolean;
}

/** Methods whose requests say where we can be reached, RFC 3261 §8.1.1.8, RFC 6665, RFC 3515. */
function wantsContact(method: string, inDialog: boolean): boolean {
  return makesDialog(method) || (inDialog && method === 'REFER');
}

/**
 * A request outside any dialog of ours, RFC 3261 §8.1.1; what the application did not say is filled in. In one that
 * names both tags the application goes on with a dialog that another engine had, and gives its routes.
 */
export function buildInitial(
  wish: RequestWish,
  flow: Flow,
  { ids, quirks }: Pick<Core, 'ids' | 'quirks'>,
): BuiltRequest {
  const { method, uri, headers } = wish;
  const here = localHostPort(flow);
  const branch = ids.branch();
  const lines = asOriginal(appLines(headers, requestHeaders, here, flow.protocol), quirks);
  const { namesTransports, refusesSipsItself } = quirks;
  // What is refused unsent is shown as it would be without TLS.
  const contact = contactFor(flow, isSips(uri) && !(refusesSipsItself && flow.protocol === 'udp'));
  const ourselves = namesTransports ? contactFor(flow, false) : `<sip:${here}>`;
  const from = withTag(headers.get('from') ?? ourselves, here, () => ids.tag());
  const to = withTag(headers.get('to') ?? (namesTransports ? uri : `<${uri}>`), here);
  const { uri: requestUri, routes } = routed(
    uri,
    wish.keepsRoutes === true ? presetRoutes(headers) : routesOf(headers),
  );
  const cseq = /^(\d{1,10})\s/.exec(headers.get('cseq') ?? '')?.[1] ?? String(ids.cseq());
  const head = [
    `Via: ${viaFor(flow, branch)}`,
    ...routes.map((route) => `Route: ${route}`),
    `Max-Forwards: ${headers.get('max-forwards') ?? '70'}`,
    `From: ${from}`,
    `To: ${to}`,
    `Call-ID: ${headers.get('call-id') ?? ids.callId()}`,
    `CSeq: ${cseq} ${method}`,
    ...(wantsContact(method, false) && !lines.keys.has('contact') ? [`Contact: ${contact}`] : []),
  ];
  const bytes = serialize(wish, requestUri, head, lines);
  return { bytes: wantsCompact(headers) ? compacted(bytes) : bytes, branch };
}

/** The wish for the same request at another address: what it was given the first time stays. RFC 3263 §4.3. */
export function wishAgain(wish: RequestWish, { headers, cseq }: SipRequest): RequestWish {
  const again = wish.headers.copy();
  again.set('Call-ID', headers.get('call-id') ?? '');
  again.set('From', headers.get('from') ?? '');
  again.set('CSeq', `${cseq.number} ${wish.method}`);
  return { ...wish, headers: again };
}

/** A request within a dialog, RFC 3261 §12.2.1.1. `cseq` is its number; an ACK repeats that of its INVITE. */
export function buildInDialog(
  wish: RequestWish,
  dialog: Dialog,
  flow: Flow,
  cseq: number,
  { ids, quirks }: Pick<Core, 'ids' | 'quirks'>,
): BuiltRequest {
  const { method } = wish;
  const branch = ids.branch();
  const written = appLines(wish.headers, requestHeaders, localHostPort(flow), flow.protocol);
  const lines = asOriginal(written, quirks);
  // Applications that do not know the remote target write a placeholder; drachtio-srf repeats the URI of the INVITE.
  const isTheirs = wish.uri.includes('placeholder') || method === 'ACK' || method === 'PRACK';
  const target = isTheirs ? dialog.remoteTarget : wish.uri;
  const { uri, routes } = routed(target, dialog.routeSet);
  const head = [
    `Via: ${viaFor(flow, branch)}`,
    ...routes.map((route) => `Route: ${route}`),
    `Max-Forwards: ${wish.headers.get('max-forwards') ?? '70'}`,
    `From: ${dialog.local}`,
    `To: ${dialog.remote}`,
    `Call-ID: ${dialog.callId}`,
    `CSeq: ${cseq} ${method}`,
    ...(wantsContact(method, true) && !lines.keys.has('contact') ? [`Contact: ${dialog.contact}`] : []),
  ];
  return { bytes: serialize(wish, uri, head, lines), branch };
}

/** How CANCEL and the ACK of a failure are spelt. */
export interface FollowUpSpelling {
  /** The Request-URI has no user. */
  readonly hidesUser?: boolean;
  /** There is no Max-Forwards. */
  readonly omitsHops?: boolean;
}

/** The CANCEL of `invite`, RFC 3261 §9.1, with what the application adds. */
export function buildCancel(invite: SipRequest, added: Headers, spelling: FollowUpSpelling = {}): Buffer {
  const { text } = appLines(added, cancelHeaders, '');
  return followUp(invite, 'CANCEL', { to: invite.required('to'), added: text, ...spelling });
}

/** The ACK of a failure, RFC 3261 §17.1.1.3. */
export function buildFailureAck(invite: SipRequest, failure: SipResponse, spelling: FollowUpSpelling = {}): Buffer {
  return followUp(invite, 'ACK', { to: failure.required('to'), added: '', ...spelling });
}

/** The headers that CANCEL and the ACK of a failure share with their INVITE. */
function followUp(
  invite: SipRequest,
  method: string,
  { to, added, hidesUser, omitsHops }: FollowUpSpelling & { readonly to: string; readonly added: string },
): Buffer {
  const uri = hidesUser === true ? invite.uri.replace(/^(sips?:)[^@]*@/i, '$1') : invite.uri;
  const routes = invite.headers.all('route').map((route) => `Route: ${route}\r\n`);
  const head = [
    `Via: ${invite.required('via')}\r\n`,
    ...routes,
    omitsHops === true ? '' : 'Max-Forwards: 70\r\n',
    `From: ${invite.required('from')}\r\n`,
    `To: ${to}\r\n`,
    `Call-ID: ${invite.callId}\r\n`,
    `CSeq: ${invite.cseq.number} ${method}\r\n`,
    added,
    'Content-Length: 0\r\n',
  ].join('');
  return serializeParts(`${method} ${uri} SIP/2.0`, head, Buffer.alloc(0));
}

function serialize(
  wish: RequestWish,
  uri: string,
  head: readonly string[],
  lines: { text: string; keys: ReadonlySet<string> },
): Buffer {
  const { body } = wish;
  let text = `${head.join('\r\n')}\r\n${lines.text}`;
  if (body.length > 0 && !lines.keys.has('content-type')) {
    if (!isSdp(body)) throw new RefusedError('missing content-type');
    text += 'Content-Type: application/sdp\r\n';
  }
  return serializeParts(`${wish.method} ${uri} SIP/2.0`, `${text}Content-Length: ${body.length}\r\n`, body);
}

/** An address as the application wrote it, in brackets, and with a tag when `tag` makes one. */
function withTag(text: string, localHostPort: string, tag?: () => string): string {
  try {
    const addr = parseNameAddr(fillLocalhost(text, localHostPort));
    return formatNameAddr(tag === undefined || addr.params.has('tag') ? addr : withParam(addr, 'tag', tag()));
  } catch (error) {
    if (error instanceof SipError) throw new RefusedError(`invalid address: ${error.message}`);
    throw error;
  }
}
