import { formatHostPort } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';
import { type Flow } from './transport/transport.ts';

/** What stands in for what a peer proves itself with. */
const CREDENTIALS = /^((?:proxy-)?authorization[ \t]*:)[^\r\n]*/gim;

/** Shorter ones are keep-alives. */
const MIN_MESSAGE = 20;

/** Who sees every SIP message, and what was to be one and cannot be read. */
export interface MessageTap {
  received(flow: Flow, bytes: Buffer): void;
  sent(flow: Flow, bytes: Buffer): void;
}

/** Writes every SIP message into the log, for whoever looks for what a peer said. */
export class MessageLog implements MessageTap {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  received(flow: Flow, bytes: Buffer): void {
    this.#write('sip.received', flow, bytes);
  }

  sent(flow: Flow, bytes: Buffer): void {
    if (bytes.length >= MIN_MESSAGE) this.#write('sip.sent', flow, bytes);
  }

  #write(event: string, { protocol, remoteAddress, remotePort }: Flow, bytes: Buffer): void {
    const sip = bytes.toString().replaceAll(CREDENTIALS, '$1 [secret]');
    this.#log.debug(event, { protocol, peer: formatHostPort(remoteAddress, remotePort), sip });
  }
}
