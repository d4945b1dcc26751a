import { type IdSource, MAGIC_COOKIE, parseMessage, type SipResponse } from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { clientKey } from '../transaction/match.ts';
import { type Inbound } from '../transport/transport.ts';
import { type App } from './app.ts';
import { type RequestWish } from './build-request.ts';
import { answerCarrier, envelope, readCarried, STRAY_RESPONSE } from './carried.ts';
import { type Core } from './context.ts';
import { type Sent } from './sent.ts';

const NAMED_BRANCH = /^z9hG4bK([a-z0-9]{1,36})\.[a-z0-9]+$/;
/** 65 bits of chance beside the name of the engine. */
const RANDOM_CHARS = 13;

/** Ids whose branches name the engine, so that whoever gets a response in its place knows whose it is. */
export function namedBranches(ids: IdSource, instance: string | undefined): IdSource {
  if (instance === undefined || !NAMED_BRANCH.test(`${MAGIC_COOKIE}${instance}.0`)) return ids;
  const start = MAGIC_COOKIE.length;
  return {
    branch: () => `${MAGIC_COOKIE}${instance}.${ids.branch().slice(start, start + RANDOM_CHARS)}`,
    tag: () => ids.tag(),
    callId: () => ids.callId(),
    uuid: () => ids.uuid(),
    cseq: () => ids.cseq(),
  };
}

/**
 * Tells an application that asked for it of a response to a request that another engine sent, as its branch says: one
 * behind the same address, or one whose address a router on the way has replaced by ours. The URI has that engine's id
 * as its user, and where the response came from; the body is the response. By a connection it would have come to
 * whoever opened that.
 */
export function offerStray({ apps, instance }: Core, { message, flow }: Inbound<SipResponse>): void {
  const bytes = message.origin?.bytes;
  if (flow.reliable || bytes === undefined) return;
  // As it arrived: whoever looked at it before has taken our Via off.
  const response = parseMessage(bytes);
  const sender = NAMED_BRANCH.exec(response.via.params.get('branch') ?? '')?.[1];
  if (response.kind !== 'response' || sender === undefined || sender === instance) return;
  const app = apps.pick(STRAY_RESPONSE);
  if (app === undefined) return;
  const { remoteAddress: address, remotePort: port, protocol } = flow;
  const host = address.includes(':') ? `[${address}]` : address;
  const told = envelope(STRAY_RESPONSE, response, `sip:${sender}@${host}:${port};transport=${protocol}`, bytes);
  const meta = { source: 'application', protocol, address, port, txn: 'unsolicited', dialogId: '' } as const;
  app.deliver({ ...meta, size: bytes.length }, told);
}

/**
 * Gives the request that waits for it a response which reached another engine, as if it had come here. The application is
 * answered 200, or 481 when nothing waits for it. Throws `RefusedError`.
 */
export function takeStray(core: Core, app: App, { uri, body }: RequestWish): Sent {
  const { message, flow } = readCarried(core, uri, body);
  if (message.kind !== 'response') throw new RefusedError('no response');
  const transaction = core.transactions.client(clientKey(message));
  transaction?.receive({ message, flow, size: body.length });
  return answerCarrier(
    core,
    app,
    { method: STRAY_RESPONSE, uri, message, flow },
    transaction === undefined ? 481 : 200,
  );
}
