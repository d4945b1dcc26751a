import { firstViaEnd, formatVia, type Params, type SipMessage, type SipRequest, unbracket } from '@callweave/sip';
import { defaultPort, type Flow } from '../transport/transport.ts';
import { type Quirks } from './quirks.ts';

const RECEIVED = /;\s*received(?=[;\s=]|$)(?:\s*=\s*[^;\s]*)?/gi;
const RPORT = /;\s*rport(?=[;\s=]|$)(?:\s*=\s*[^;\s]*)?/i;

/**
 * Notes in the topmost Via where the request really came from: `received` when it differs from what the sender
 * believes, or when the sender asked for `rport`. RFC 3261 §18.2.1, RFC 3581 §4.
 */
export function noteSource(request: SipRequest, { remoteAddress, remotePort }: Flow, quirks: Quirks): void {
  const { via } = request;
  const wantsPort = via.params.has('rport');
  const isAsItSays = unbracket(via.host) === remoteAddress;
  if (!wantsPort && isAsItSays && !via.params.has('received')) return;
  const text = request.required('via');
  const end = firstViaEnd(text);
  // What the sender says of these itself is not believed.
  const rport = wantsPort ? `;rport=${remotePort}` : '';
  let first = text.slice(0, end);
  // What is quoted may look like a parameter.
  if (first.includes('"')) first = `${formatVia({ ...via, params: without(via.params) })}${rport}`;
  else first = first.replace(RECEIVED, '').replace(RPORT, rport);
  if (!isAsItSays || (wantsPort && !quirks.answersRportAlone)) first = `${first.trimEnd()};received=${remoteAddress}`;
  request.headers.replaceFirst('via', first + text.slice(end));
}

/** Notes that whoever has opened a connection wants our requests by it, RFC 5923 §5. */
export function noteAlias({ via }: SipRequest, flow: Flow): void {
  if (flow.reliable && via.params.has('alias')) flow.listener.alias?.(flow, via.port ?? defaultPort(flow.protocol));
}

function without(params: Params): Params {
  return new Map([...params].filter(([name]) => name !== 'received' && name !== 'rport'));
}

/** The flow by which responses go back, RFC 3261 §18.2.2, RFC 3581 §4. */
export function responseFlow({ via }: Pick<SipMessage, 'via'>, flow: Flow): Flow {
  if (flow.reliable || via.params.has('rport')) return flow;
  const port = via.port ?? defaultPort(flow.protocol);
  return port === flow.remotePort ? flow : (flow.listener.flowTo(flow.remoteAddress, port) ?? flow);
}

/** A flow to the sender when the connection a request came by has gone, RFC 3261 §18.2.2; the same if there is none. */
export function fallbackFlow(flow: Flow, sentByPort: number | undefined): Flow {
  return flow.listener.flowTo(flow.remoteAddress, sentByPort ?? defaultPort(flow.protocol)) ?? flow;
}
