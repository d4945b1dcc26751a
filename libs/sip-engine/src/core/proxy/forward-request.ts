import {
  type Headers,
  parseUri,
  parseViaList,
  type SipRequest,
  SipSyntaxError,
  serializeParts,
  unbracket,
} from '@callweave/sip';
import { type Listeners } from '../../transport/listeners.ts';
import { defaultPort, type Flow } from '../../transport/transport.ts';
import { appLines, requestHeaders } from '../app-headers.ts';
import { localHostPort, viaFor } from '../local.ts';
import { routed, splitAddresses } from '../routes.ts';

/** How a request is to be forwarded. */
export interface Forwarding {
  readonly request: SipRequest;
  /** Where it came from. */
  readonly cameBy: Flow;
  readonly flow: Flow;
  readonly uri: string;
  readonly branch: string;
  /** Whether further requests of the dialog, or to the registered contact, are to come through us. */
  readonly staysInPath: boolean;
  /** Whether Max-Forwards stays as it is. */
  readonly leavesHops?: boolean;
  /** Its Max-Breadth; undefined where there is none. */
  readonly breadth: number | undefined;
  /** What follows `lr` in our URI there. */
  readonly mark: string;
  /** Headers of the application, which replace those of the same name. */
  readonly added?: Headers;
}

/** What an application may not change in a request of somebody else's. */
const THEIR_HEADERS: ReadonlySet<string> = new Set([
  ...[...requestHeaders, 'max-breadth', 'contact', 'content-type', 'path'],
]);

/** The bytes of a request that is forwarded, RFC 3261 §16.6. */
export function forwardedBytes(forwarding: Forwarding): Buffer {
  const { request, flow, branch, breadth, added } = forwarding;
  const headers = request.headers.copy();
  const { uri, routes } = routed(forwarding.uri, splitAddresses(headers.joined('route') ?? ''));
  headers.remove('route');
  for (const route of [...routes].reverse()) headers.prepend('Route', route);
  if (forwarding.leavesHops !== true) headers.set('Max-Forwards', String((request.number('max-forwards') ?? 71) - 1));
  if (breadth !== undefined) headers.set('Max-Breadth', String(breadth));
  if (added !== undefined) {
    const lines = appLines(added, THEIR_HEADERS, localHostPort(flow));
    for (const key of lines.keys) headers.remove(key);
    for (const line of lines.text.split('\r\n').slice(0, -1)) {
      const colon = line.indexOf(':');
      headers.append(line.slice(0, colon), line.slice(colon + 2));
    }
  }
  if (forwarding.staysInPath) addToPath(headers, forwarding);
  headers.prepend('Via', viaFor(flow, branch));
  headers.set('Content-Length', String(request.body.length));
  return serializeParts(`${request.method} ${uri} SIP/2.0`, headers.toText(), request.body);
}

/** Adds us to Record-Route, RFC 3261 §16.6 step 4, or to the Path of a REGISTER, RFC 3327; twice between two sockets. */
function addToPath(headers: Headers, { request, cameBy, flow, mark }: Forwarding): void {
  const isRegister = request.method === 'REGISTER';
  if (isRegister) headers.append('Require', 'path');
  const name = isRegister ? 'Path' : 'Record-Route';
  // RFC 5658: either side knows us by the socket it uses.
  const flows = cameBy.listener === flow.listener ? [flow] : [cameBy, flow];
  for (const one of flows) headers.prepend(name, `<sip:${localHostPort(one)}${transportOf(one)};lr${mark}>`);
}

function transportOf({ protocol }: Flow): string {
  return protocol === 'udp' ? '' : `;transport=${protocol}`;
}

/** Whether a URI names one of our sockets. */
export function isOwnUri(listeners: Listeners, text: string): boolean {
  const uri = parseUri(text);
  if (uri.kind !== 'sip') return false;
  const protocol = uri.params.get('transport')?.toLowerCase();
  const port = uri.port ?? defaultPort(protocol === 'tls' || uri.scheme === 'sips' ? 'tls' : 'udp');
  return listeners.isOwn(unbracket(uri.host), port);
}

/** Removes the topmost Routes that name us, RFC 3261 §16.4; whether there was one. */
export function popOwnRoutes(listeners: Listeners, request: SipRequest): boolean {
  const routes = request.addresses('route');
  const firstOther = routes.findIndex(({ uri }) => !isOwnUri(listeners, uri));
  const own = firstOther < 0 ? routes.length : firstOther;
  if (own === 0) return false;
  // Written anew one a line: a line may hold several.
  const rest = splitAddresses(request.headers.joined('route') ?? '').slice(own);
  request.headers.remove('route');
  for (const route of rest.reverse()) request.headers.prepend('Route', route);
  return true;
}

/** Every branch that this request has been given on its way. */
export function branchesOf(request: SipRequest): readonly string[] {
  try {
    return parseViaList(request.headers.joined('via') ?? '').map(({ params }) => params.get('branch') ?? '');
  } catch (error) {
    if (error instanceof SipSyntaxError) return [];
    throw error;
  }
}
