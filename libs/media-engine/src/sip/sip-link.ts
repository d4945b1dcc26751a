import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Clock } from '@callweave/clock';
import { parseMessage, reasonPhrase, type SipRequest } from '@callweave/sip';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { type Logger } from '@callweave/telemetry';
import { FrameSplitter } from './frame-splitter.ts';

/** A request for us, and the names by which it is answered. */
export interface IncomingSip {
  readonly request: SipRequest;
  readonly txn: string;
  /** Empty outside a dialog. */
  readonly dialogId: string;
  /** Address it came from; undefined when the SIP engine made it itself, as the BYE after an ACK that never came. */
  readonly peer: string | undefined;
}

/** Header lines of ours in a response or request. */
export type SipHeaders = Readonly<Record<string, string>>;

export interface SipLinkDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onRequest: (incoming: IncomingSip) => void;
}

/** What is asked of us; everything else outside a dialog is answered 405 by the SIP engine. */
const METHODS = ['invite', 'options', 'bye', 'ack', 'cancel', 'info'];

/** A SIP engine of our own in this process, and the connection by which we direct it. */
export class SipLink {
  readonly #engine: SipEngine;
  readonly #socket: Socket;
  readonly #deps: SipLinkDeps;
  readonly #frames = new FrameSplitter();
  /** Who waits for the answer to a command, by its id. */
  readonly #waiting = new Map<string, () => void>();
  /** Requests that have not left yet. */
  readonly #leaving = new Set<Promise<void>>();

  private constructor(engine: SipEngine, socket: Socket, deps: SipLinkDeps) {
    this.#engine = engine;
    this.#socket = socket;
    this.#deps = deps;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      for (const payload of this.#frames.push(chunk)) this.#onFrame(payload);
    });
    socket.on('error', (error) => deps.log.error('sip.failed', { err: error }));
    socket.on('close', () => {
      for (const resolve of this.#waiting.values()) resolve();
      this.#waiting.clear();
    });
  }

  /** Listens for SIP over UDP and TCP. Rejects with the SIP engine's `BindError`. */
  static async open(at: { readonly address: string; readonly port: number }, deps: SipLinkDeps): Promise<SipLink> {
    const secret = randomBytes(16).toString('hex');
    const { clock, log } = deps;
    const engine = await startSipEngine(
      {
        contacts: [{ ...at, protocols: ['udp', 'tcp'] }],
        control: { address: '127.0.0.1', port: 0, secret },
      },
      { clock, log },
    );
    const socket = connect({ host: '127.0.0.1', port: engine.controlPort });
    await once(socket, 'connect');
    const link = new SipLink(engine, socket, deps);
    // Until all of it is accepted, callers would be answered that nobody is here.
    await Promise.all(
      [`authenticate|${secret}|`, ...METHODS.map((method) => `route|${method}`)].map((leader) => link.#ask(leader)),
    );
    return link;
  }

  /** `address:port` at which SIP is listened for. */
  get hostPort(): string {
    return this.#engine.contacts[0]?.replace(/^\w+\//, '') ?? '';
  }

  respond({ txn, dialogId }: IncomingSip, status: number, { headers = {}, body = '' }: SipContent = {}): void {
    const text = messageText(`SIP/2.0 ${status} ${reasonPhrase(status)}`, headers, body);
    this.#command(`sip|${txn}|${dialogId}`, text);
  }

  /** Sends a request in a dialog; its answer is of no interest. */
  request(method: string, dialogId: string, headers: SipHeaders): void {
    const sent = this.#ask(`sip||${dialogId}`, messageText(`${method} sip:placeholder SIP/2.0`, headers, ''));
    this.#leaving.add(sent);
    void sent.finally(() => this.#leaving.delete(sent));
  }

  /** Closes once everything that was to be sent is out. */
  async close(): Promise<void> {
    await Promise.all(this.#leaving);
    this.#socket.destroy();
    await this.#engine.stop();
  }

  #ask(leader: string, message?: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(this.#command(leader, message), resolve));
  }

  /** Sends a command; gives its id. */
  #command(leader: string, message?: string): string {
    const id = randomUUID();
    const payload = Buffer.from(`${id}|${leader}${message === undefined ? '' : `\r\n${message}`}`);
    this.#socket.write(Buffer.concat([Buffer.from(`${payload.length}#`), payload]));
    return id;
  }

  #onFrame(payload: Buffer): void {
    const cr = payload.indexOf('\r\n', 0, 'latin1');
    const leader = payload.toString('utf8', 0, cr < 0 ? payload.length : cr).split('|');
    const [, type, source = '', status, , address, , , txn = '', dialogId = ''] = leader;
    if (type === 'response') {
      if (status !== 'OK') this.#deps.log.debug('sip.not-sent', { reason: leader[4] });
      this.#waiting.get(source)?.();
      this.#waiting.delete(source);
    }
    if (type !== 'sip' || cr < 0) return;
    const request = parseMessage(payload.subarray(cr + 2));
    if (request.kind === 'request') {
      this.#deps.onRequest({ request, txn, dialogId, peer: source === 'network' ? address : undefined });
    }
  }
}

/** Headers and a session description. */
export interface SipContent {
  readonly headers?: SipHeaders;
  readonly body?: string;
}

function messageText(startLine: string, headers: SipHeaders, body: string): string {
  const type = body === '' ? {} : { 'Content-Type': 'application/sdp' };
  const lines = Object.entries({ ...headers, ...type }).map(([name, value]) => `${name}: ${value}`);
  return [startLine, ...lines, '', body].join('\r\n');
}
