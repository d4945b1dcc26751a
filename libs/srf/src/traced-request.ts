import {
  activeTrace,
  type Attributes,
  bound,
  failSpan,
  insideSpan,
  insideTrace,
  isTracing,
  type Span,
  SpanKind,
  startSpan,
} from '@callweave/telemetry';
import { type HeaderValues, type IncomingRequest, type Reply } from './incoming-request.ts';
import { type OutgoingEvents, type OutgoingRequest } from './outgoing-request.ts';

/**
 * Carries a trace from one part of the platform to another by SIP, written like W3C `traceparent`. It goes to parts of
 * the platform alone, and is believed of them alone: what a phone or a carrier writes there means nothing.
 */
export const SIP_TRACE_HEADER = 'X-Traceparent';

export interface RequestTrace {
  /** The place in a trace where it goes on; undefined begins a trace. */
  readonly parent: string | undefined;
  readonly attributes?: Attributes;
}

/**
 * Runs `handler` in a span that lasts until the final response has left, or the request was cancelled, which may be
 * long before or after `handler` is done. An ACK, and what the engine itself has made, has no response and no span.
 */
export async function answerInSpan(
  request: IncomingRequest,
  { parent, attributes }: RequestTrace,
  handler: (request: IncomingRequest) => Promise<void>,
): Promise<void> {
  const { method, source, transport, isFromEngine } = request;
  if (method === 'ACK' || isFromEngine || !isTracing()) {
    await insideTrace(parent, () => handler(request));
    return;
  }
  const span = startSpan(`SIP ${method}`, {
    kind: SpanKind.SERVER,
    parent,
    attributes: {
      ...sipAttributes(method, request.header('call-id')),
      ...address('network.peer', source),
      'network.transport': transport,
      ...attributes,
    },
  });
  await insideSpan(span, async () => {
    request.onCancel(() => {
      span.addEvent('CANCEL');
      end(span, 487);
    });
    try {
      await handler({ ...request, reply: (reply) => replyInSpan(span, request, reply) });
    } catch (error) {
      failSpan(span, error);
      span.end();
      throw error;
    }
  });
}

async function replyInSpan(span: Span, request: IncomingRequest, reply: Reply): Promise<void> {
  try {
    await request.reply(reply);
  } catch (error) {
    failSpan(span, error);
    span.end();
    throw error;
  }
  if (reply.status >= 200) end(span, reply.status);
  else span.addEvent(String(reply.status));
}

/** A request that is to be sent, as it goes out within the active trace. */
export interface TracedRequest {
  readonly headers: HeaderValues | undefined;
  /** What becomes of it; called back within the trace that was active when it was sent. */
  readonly events: OutgoingEvents;
  /** Notes that it was cancelled. */
  readonly cancelled: () => void;
}

/** Gives a request a span that lasts until its final response. */
export function sendInSpan(request: OutgoingRequest, events: OutgoingEvents): TracedRequest {
  const { method, uri, nextHop, dialogId, headers, isInternal = false } = request;
  if (!isTracing()) return { headers, events, cancelled: () => undefined };
  const callId = dialogId?.slice(0, dialogId.lastIndexOf(';from-tag=')) ?? headers?.['Call-ID'];
  const span = startSpan(`SIP ${method}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      ...sipAttributes(method, typeof callId === 'string' ? callId : undefined),
      ...(dialogId === undefined ? address('server', hostPortOf(nextHop ?? uri)) : {}),
    },
  });
  const trace = isInternal ? insideSpan(span, activeTrace) : undefined;
  return {
    headers: trace === undefined ? headers : { ...headers, [SIP_TRACE_HEADER]: trace },
    events: {
      sent: bound((sent) => {
        if (callId === undefined && span.isRecording()) span.setAttribute('sip.call_id', sent.header('call-id') ?? '');
        events.sent?.(sent);
      }),
      responded: bound((response) => {
        if (response.status >= 200) end(span, response.status);
        else span.addEvent(String(response.status));
        events.responded(response);
      }),
      failed: bound((error) => {
        failSpan(span, error);
        span.end();
        events.failed(error);
      }),
    },
    cancelled: () => span.addEvent('CANCEL'),
  };
}

/** Ends the span of a transaction; only a failure of the server is one of the span. */
function end(span: Span, status: number): void {
  if (!span.isRecording()) return;
  span.setAttribute('sip.response.status_code', status);
  if (status >= 500 && status < 600) failSpan(span, `answered ${String(status)}`);
  span.end();
}

function sipAttributes(method: string, callId: string | undefined): Attributes {
  return { 'sip.request.method': method, ...(callId === undefined ? {} : { 'sip.call_id': callId }) };
}

/** Host and port of a SIP URI, nothing of its user. */
function hostPortOf(uri: string): string {
  return uri
    .replace(/^sips?:/i, '')
    .replace(/^[^@]*@/, '')
    .replace(/[;?>].*$/, '');
}

function address(prefix: string, hostPort: string): Attributes {
  const [, host = hostPort, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(hostPort) ?? [];
  return { [`${prefix}.address`]: host, ...(port === undefined ? {} : { [`${prefix}.port`]: Number(port) }) };
}
