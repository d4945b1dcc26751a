import {
  parseMessage,
  parseUri,
  responseTo,
  serializeMessage,
  serializeParts,
  SipError,
  type SipMessage,
  unbracket,
} from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { type Flow } from '../transport/transport.ts';
import { type App } from './app.ts';
import { type Core } from './context.ts';
import { requestIn } from './dialog-sender.ts';
import { type Sent } from './sent.ts';

/**
 * What applications route to be told of responses to requests that another engine sent, and send to bring an engine
 * such a response; never on the wire.
 */
export const STRAY_RESPONSE = 'RESPONSE';

/**
 * By what applications have said what an engine that is gone would have said; never on the wire. The URI is the address
 * to which it goes, the body the message.
 */
export const ON_BEHALF = 'ON-BEHALF';

/** A message between an application and its engine, and the peer that it comes from or goes to. */
export interface Carried {
  readonly message: SipMessage;
  readonly flow: Flow;
}

/** Throws `RefusedError`. */
export function readCarried({ listeners }: Core, uri: string, body: Buffer): Carried {
  try {
    const message = parseMessage(body);
    const peer = parseUri(uri);
    if (message.problem !== undefined) throw message.problem;
    if (peer.kind !== 'sip') throw new RefusedError('no address');
    const flow = listeners.flowTo('udp', unbracket(peer.host), peer.port ?? 0);
    if (flow === undefined) throw new RefusedError('no such transport');
    return { message, flow };
  } catch (error) {
    if (error instanceof SipError) throw new RefusedError(`invalid message: ${error.message}`);
    throw error;
  }
}

/** Answers an application that has carried a message to us. */
export function answerCarrier(
  core: Core,
  app: App,
  carried: Carried & { method: string; uri: string },
  status: number,
): Sent {
  const { method, uri, message, flow } = carried;
  const txn = core.ids.uuid();
  const { remoteAddress: address, remotePort: port, protocol } = flow;
  const bytes = envelope(method, message, uri, Buffer.alloc(0));
  const answer = serializeMessage(responseTo(requestIn(bytes), { status }));
  core.clock.after(0, () =>
    app.deliver({ source: 'network', size: 0, protocol, address, port, txn, dialogId: '' }, answer),
  );
  return { bytes, protocol, address, port, txn, dialogId: undefined };
}

/** A request that never leaves, and is in no dialog. */
export function envelope(method: string, message: SipMessage, uri: string, body: Buffer): Buffer {
  const copied = ['Via', 'From', 'Call-ID'].map((name) => `${name}: ${message.required(name.toLowerCase())}\r\n`);
  const type = body.length === 0 ? '' : 'Content-Type: message/sip\r\n';
  const lines = `${copied.join('')}To: <${uri}>\r\nCSeq: ${message.cseq.number} ${method}\r\n${type}`;
  return serializeParts(`${method} ${uri} SIP/2.0`, `${lines}Content-Length: ${body.length}\r\n`, body);
}
