import { type InstanceId, type LegId, type PassedRequest } from '@callweave/contracts';
import { type IncomingRequest, type ReadableMessage, type Reply } from '@callweave/srf';
import { carriedHeaders, carriedMessage } from '../remote-leg/carried-message.ts';

/** What the owner of a leg may need of a request. */
const PASSED_HEADERS = [
  ...['from', 'to', 'call-id', 'cseq', 'contact', 'max-forwards', 'reason', 'supported', 'require', 'accept'],
  'allow',
  ...['content-type', 'content-disposition', 'info-package', 'event', 'subject', 'subscription-state'],
  ...['refer-to', 'referred-by', 'replaces', 'session-expires', 'min-se', 'rack'],
];

/** A request inside a dialog, as it is passed to the edge that owns the leg. */
export function toPassed(request: IncomingRequest, from: InstanceId, legId: LegId): PassedRequest {
  const headers = carriedHeaders(request, PASSED_HEADERS);
  const { method, uri, source, transport, body, isFromEngine } = request;
  return {
    from,
    legId,
    method,
    uri,
    source,
    transport,
    headers,
    isFromEngine,
    ...(body === undefined ? {} : { body }),
  };
}

/** What the owner of a leg does about a request that was passed to it. */
export interface PassedEvents {
  /** Its final answer. */
  readonly replied: (reply: Reply) => void;
  /** Somebody is to be told when it is cancelled. */
  readonly onCancel: (listener: (cancel: ReadableMessage) => void) => void;
}

/** The same at the owner. */
export function fromPassed(passed: PassedRequest, { replied, onCancel }: PassedEvents): IncomingRequest {
  const { method, uri, source, transport, headers, body, isFromEngine = false } = passed;
  return {
    method,
    uri,
    source,
    transport,
    receivedOn: undefined,
    isFromEngine,
    ...carriedMessage(headers, body),
    reply: (reply) => {
      if (reply.status >= 200) replied(reply);
      return Promise.resolve();
    },
    onCancel,
  };
}
