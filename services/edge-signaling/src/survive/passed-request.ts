import { type InstanceId, type LegId, type PassedRequest } from '@callweave/contracts';
import { type IncomingRequest, type Reply } from '@callweave/srf';

/** What the owner of a leg may need of a request. */
const PASSED_HEADERS = [
  ...['from', 'to', 'call-id', 'cseq', 'contact', 'max-forwards', 'reason', 'supported', 'require', 'accept'],
  ...['content-type', 'content-disposition', 'info-package', 'event', 'subject', 'subscription-state'],
  ...['refer-to', 'referred-by', 'replaces', 'session-expires', 'min-se', 'rack'],
];

/** A request inside a dialog, as it is passed to the edge that owns the leg. */
export function toPassed(request: IncomingRequest, from: InstanceId, legId: LegId): PassedRequest {
  const headers: Record<string, string> = {};
  for (const name of PASSED_HEADERS) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  const { method, uri, source, transport, body } = request;
  return { from, legId, method, uri, source, transport, headers, ...(body === undefined ? {} : { body }) };
}

/** The same at the owner; `replied` is told its final answer. */
export function fromPassed(passed: PassedRequest, replied: (reply: Reply) => void): IncomingRequest {
  const { method, uri, source, transport, headers, body } = passed;
  return {
    method,
    uri,
    source,
    transport,
    receivedOn: undefined,
    isFromEngine: false,
    header: (name) => headers[name.toLowerCase()],
    body,
    reply: (reply) => {
      if (reply.status >= 200) replied(reply);
      return Promise.resolve();
    },
    onCancel: () => undefined,
  };
}
