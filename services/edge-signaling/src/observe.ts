import { answerInSpan, type RequestHandler } from '@callweave/srf';
import { counter } from '@callweave/telemetry';
import { responsesSent } from './metrics.ts';

/** Wraps a handler of new requests with a trace of their own, whatever they say themselves, and a count of responses. */
export function observed(method: string, handler: RequestHandler): RequestHandler {
  const responses = counter(responsesSent);
  return (request) =>
    answerInSpan(request, { parent: undefined }, (traced) =>
      handler({
        ...traced,
        reply: (reply) => {
          if (reply.status >= 200) responses.add(1, { method, status: String(reply.status) });
          return traced.reply(reply);
        },
      }),
    );
}
