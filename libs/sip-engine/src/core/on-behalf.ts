import { RefusedError } from '../errors.ts';
import { type App } from './app.ts';
import { type RequestWish } from './build-request.ts';
import { answerCarrier, ON_BEHALF, readCarried } from './carried.ts';
import { type Core } from './context.ts';
import { DialogSender } from './dialog-sender.ts';
import { responseFlow } from './received-via.ts';
import { type Sent } from './sent.ts';

/**
 * Sends a message as the engine would have that has the transaction, over UDP: the CANCEL of an INVITE that it sent, the
 * ACK of a refusal (RFC 3261 §9.1, §17.1.1.3), or its response to a request. The application is answered 200. Throws
 * `RefusedError`.
 */
export function speakOnBehalf(core: Core, app: App, { uri, body }: RequestWish): Sent {
  const { message, flow } = readCarried(core, uri, body);
  if (message.kind === 'request' && message.method === 'CANCEL') {
    new DialogSender(core).transact('CANCEL', { bytes: body, branch: message.via.params.get('branch') ?? '' }, flow);
  } else if (message.kind === 'response') responseFlow(message, flow).send(body);
  else if (message.method === 'ACK') flow.send(body);
  else throw new RefusedError(`no ${message.method} on behalf of another engine`);
  return answerCarrier(core, app, { method: ON_BEHALF, uri, message, flow }, 200);
}
