import { type RequestHandler } from '@callweave/srf';
import { counter, SpanKind, withSpan } from '@callweave/telemetry';
import { responsesSent } from './metrics.ts';

/** Wraps a handler with a span and a count of its responses. */
export function observed(method: string, handler: RequestHandler): RequestHandler {
  const responses = counter(responsesSent);
  return (request) =>
    withSpan(`SIP ${method}`, { kind: SpanKind.SERVER, attributes: { 'sip.method': method } }, (span) =>
      handler({
        ...request,
        reply: (reply) => {
          if (reply.status >= 200) {
            responses.add(1, { method, status: String(reply.status) });
            span.setAttribute('sip.status', reply.status);
          }
          return request.reply(reply);
        },
      }),
    );
}
