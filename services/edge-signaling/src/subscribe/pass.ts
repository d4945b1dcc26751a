import { type HeaderValues, type IncomingResponse, type ReadableMessage, type Reply } from '@callweave/srf';
import { passedStatus } from '../leg/passed-status.ts';

/** Headers that mean something to both ends of a subscription, RFC 6665, RFC 3903, RFC 5839. */
const REQUEST_HEADERS = [
  ...['event', 'expires', 'accept', 'allow-events', 'subscription-state', 'content-type', 'content-encoding'],
  ...['supported', 'require', 'suppress-if-match'],
];
const RESPONSE_HEADERS = ['expires', 'min-expires', 'allow-events', 'retry-after', 'sip-etag', 'require', 'warning'];

/** What of a request goes through to the other side. */
export function passedHeaders(request: ReadableMessage): HeaderValues {
  return pick(request, REQUEST_HEADERS);
}

/** A final response as the other side may see it. */
export function passedReply(response: IncomingResponse): Reply {
  const { reason } = response;
  const status = passedStatus(response.status);
  return status === response.status ? { status, reason, headers: pick(response, RESPONSE_HEADERS) } : { status };
}

function pick(message: ReadableMessage, names: readonly string[]): HeaderValues {
  const values = names.map((name) => [name, message.header(name)] as const);
  return Object.fromEntries(values.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
