import { formatHostPort, parseUri, SipError, type SipMessage, type SipRequest, unbracket } from '@callweave/sip';
import { defaultPort, type Flow, type Inbound, type Protocol } from '../transport/transport.ts';
import { type SipMeta } from './app.ts';
import { contactUri } from './dialog.ts';
import { type Sent } from './sent.ts';

/** Our address as the peer of this flow should see it. */
export function localHostPort(flow: Flow): string {
  const { host, port } = flow.listener.advertised(flow.remoteAddress);
  return formatHostPort(host, port);
}

/** The Contact we give when the application gives none; a SIPS URI where the other one is. */
export function contactFor(flow: Flow, isSecure: boolean): string {
  const parameter = flow.protocol === 'udp' ? '' : `;transport=${flow.protocol}`;
  return `<${isSecure ? 'sips' : 'sip'}:${localHostPort(flow)}${parameter}>`;
}

/** Whether this is a SIPS URI. */
export function isSips(uri: string): boolean {
  return /^sips:/i.test(uri);
}

/** Whether a request wants TLS all the way of the dialog it makes, RFC 3261 §12.1.1. */
export function wantsSips(request: SipRequest): boolean {
  const [route] = request.addresses('record-route');
  return isSips(request.uri) || isSips(route?.uri ?? contactUri(request) ?? '');
}

/** Whether a body without a type is a session description. */
export function isSdp(body: Buffer): boolean {
  return body.toString('latin1', 0, 3) === 'v=0';
}

/** What applications are told a websocket is. */
export function shownAs({ protocol }: { readonly protocol: Protocol }): string {
  return protocol === 'ws' || protocol === 'wss' ? 'tcp' : protocol;
}

/** What applications are told of a message that the engine made itself for this flow. */
export function madeHere(flow: Flow): Pick<SipMeta, 'source' | 'protocol' | 'address' | 'port'> {
  const { host, port } = flow.listener.advertised(flow.remoteAddress);
  return { source: 'application', protocol: shownAs(flow), address: host, port };
}

/** What applications are told of a message that came from the network. */
export function metaOf({ flow, size }: Inbound, txn: string, dialogId: string): SipMeta {
  const { remoteAddress: address, remotePort: port } = flow;
  return { source: 'network', size, protocol: shownAs(flow), address, port, txn, dialogId };
}

/** How a request of ours went out, as its application is told: by a connection it is the peer's address that counts. */
export function sentOver(flow: Flow): Pick<Sent, 'protocol' | 'address' | 'port'> {
  const protocol = shownAs(flow);
  if (flow.reliable) return { protocol, address: flow.remoteAddress, port: flow.remotePort };
  const { host: address, port } = flow.listener.advertised(flow.remoteAddress);
  return { protocol, address, port };
}

/** The Via of a request that leaves by this flow; its port is left out when it goes without saying. RFC 3581 §3, RFC 5923 §5. */
export function viaFor(flow: Flow, branch: string): string {
  const { host, port } = flow.listener.advertised(flow.remoteAddress);
  const sentBy = formatHostPort(host, port === defaultPort(flow.protocol) ? undefined : port);
  const asked = flow.protocol === 'udp' ? ';rport' : flow.listener.reuses === true ? ';alias' : '';
  return `SIP/2.0/${flow.protocol.toUpperCase()} ${sentBy}${asked};branch=${branch}`;
}

/**
 * Whether requests to the sender of `message` must go where it came from: its Contact names another address, as behind
 * a NAT, and no proxy asked to stay in between. `NatDetection` has the exceptions.
 */
export function isPinned(message: SipMessage, flow: Flow): boolean {
  const { natDetection } = flow.listener;
  if (natDetection === 'declared' && declaresNat(message)) return true;
  if (natDetection === 'off' || message.headers.has('record-route')) return false;
  const text = contactUri(message);
  if (text === undefined) return true;
  try {
    const uri = parseUri(text);
    if (uri.kind !== 'sip') return true;
    const port = uri.port ?? defaultPort(flow.protocol);
    return unbracket(uri.host) !== flow.remoteAddress || port !== flow.remotePort;
  } catch (error) {
    if (error instanceof SipError) return true;
    throw error;
  }
}

/** Whether a proxy next to the peer, or without any the peer itself, says by `nat=yes` that it is behind a NAT. */
function declaresNat(message: SipMessage): boolean {
  const routes = message.addresses('record-route');
  const next = message.kind === 'request' ? routes[0]?.uri : routes.at(-1)?.uri;
  return /;nat=yes(?:[;?]|$)/i.test(next ?? contactUri(message) ?? '');
}
