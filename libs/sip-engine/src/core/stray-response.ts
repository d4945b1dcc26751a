import {
  type IdSource,
  MAGIC_COOKIE,
  parseMessage,
  parseUri,
  responseTo,
  serializeMessage,
  serializeParts,
  SipError,
  type SipResponse,
  unbracket,
} from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { clientKey } from '../transaction/match.ts';
import { type Inbound } from '../transport/transport.ts';
import { type App } from './app.ts';
import { type RequestWish } from './build-request.ts';
import { type Core } from './context.ts';
import { requestIn } from './dialog-sender.ts';
import { type Sent } from './sent.ts';

/**
 * What applications route to be told of responses to requests that another engine sent, and send to bring an engine
 * such a response; never on the wire.
 */
export const STRAY_RESPONSE = 'RESPONSE';

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
  const told = envelope(response, `sip:${sender}@${host}:${port};transport=${protocol}`, bytes);
  const meta = { source: 'application', protocol, address, port, txn: 'unsolicited', dialogId: '' } as const;
  app.deliver({ ...meta, size: bytes.length }, told);
}

/**
 * Gives the request that waits for it a response which reached another engine, as if it had come here. The application is
 * answered 200, or 481 when nothing waits for it. Throws `RefusedError`.
 */
export function takeStray(core: Core, app: App, { uri, body }: RequestWish): Sent {
  const { message, flow } = readStray(core, uri, body);
  const transaction = core.transactions.client(clientKey(message));
  const txn = core.ids.uuid();
  const { remoteAddress: address, remotePort: port, protocol } = flow;
  const bytes = envelope(message, uri, Buffer.alloc(0));
  const answer = serializeMessage(responseTo(requestIn(bytes), { status: transaction === undefined ? 481 : 200 }));
  transaction?.receive({ message, flow, size: body.length });
  core.clock.after(0, () =>
    app.deliver({ source: 'network', size: 0, protocol, address, port, txn, dialogId: '' }, answer),
  );
  return { bytes, protocol, address, port, txn, dialogId: undefined };
}

function readStray({ listeners }: Core, uri: string, body: Buffer): Inbound<SipResponse> {
  try {
    const message = parseMessage(body);
    const from = parseUri(uri);
    if (message.kind !== 'response' || from.kind !== 'sip') throw new RefusedError('no response');
    const flow = listeners.flowTo('udp', unbracket(from.host), from.port ?? 0);
    if (flow === undefined) throw new RefusedError('no such transport');
    return { message, flow, size: body.length };
  } catch (error) {
    if (error instanceof SipError) throw new RefusedError(`invalid response: ${error.message}`);
    throw error;
  }
}

/** A request that never leaves, and is in no dialog. */
function envelope(response: SipResponse, uri: string, body: Buffer): Buffer {
  const copied = ['Via', 'From', 'Call-ID'].map((name) => `${name}: ${response.required(name.toLowerCase())}\r\n`);
  const type = body.length === 0 ? '' : 'Content-Type: message/sip\r\n';
  const lines = `${copied.join('')}To: <${uri}>\r\nCSeq: ${response.cseq.number} ${STRAY_RESPONSE}\r\n${type}`;
  return serializeParts(`${STRAY_RESPONSE} ${uri} SIP/2.0`, `${lines}Content-Length: ${body.length}\r\n`, body);
}
