import { BusError } from '@callweave/bus';
import { InstanceId } from '@callweave/contracts';
import { parseUri } from '@callweave/sip';
import { type IncomingRequest, type RequestHandler } from '@callweave/srf';
import { ignore, type Logger } from '@callweave/telemetry';
import { type SendRequest } from '../leg/leg.ts';
import { type Peers, type StrayResponse } from './peers.ts';

/** By what engines hand over responses to requests that they did not send, and are given those that they did. */
const METHOD = 'RESPONSE';

export interface StrayResponsesDeps {
  readonly peers: Pick<Peers, 'bring'>;
  /** Takes one to a request of an engine that is gone. */
  readonly late: (response: StrayResponse) => Promise<void>;
  readonly log: Logger;
}

/**
 * Handles RESPONSE, by which our engine tells of a response that it got in place of another engine behind the same
 * address: that one's edge is given it. From the network it is no method.
 */
export function strayResponseHandler({ peers, late, log }: StrayResponsesDeps): RequestHandler {
  return async (request) => {
    if (!request.isFromEngine) {
      await request.reply({ status: 405 });
      return;
    }
    const sender = senderOf(request);
    const { source, transport, body: message } = request;
    if (sender === undefined || message === undefined) return;
    try {
      const response = { source, transport, message };
      const brought = await peers.bring(sender, response);
      log.debug('response.brought', { to: sender, brought });
      if (brought === 'nobody') await late(response);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      ignore(log, error, 'the peer says it again');
    }
  };
}

/** Gives our engine a response that reached another one; whether a request waits for it. */
export function takeResponse(send: SendRequest, { source, transport, message }: StrayResponse): Promise<boolean> {
  const uri = `sip:${source};transport=${transport}`;
  return new Promise((resolve) => {
    send(
      { method: METHOD, uri, headers: { 'Content-Type': 'message/sip' }, body: message },
      { responded: ({ status }) => resolve(status === 200), failed: () => resolve(false) },
    );
  });
}

/** The engine that sent the request. */
function senderOf({ uri }: IncomingRequest): InstanceId | undefined {
  const parsed = parseUri(uri);
  return parsed.kind === 'sip' ? InstanceId.safeParse(parsed.user).data : undefined;
}
