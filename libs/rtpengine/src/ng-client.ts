import { randomBytes } from 'node:crypto';
import { type Clock, type Timer } from '@callweave/clock';
import { type Logger, SpanKind, withStep } from '@callweave/telemetry';
import { type BencodeDictionary, type BencodeValue, decodeBencode, encodeBencode } from './bencode.ts';
import {
  NgBusyError,
  type NgError,
  NgProtocolError,
  NgRefusedError,
  NgTimeoutError,
  NgTooLargeError,
  NgUnreachableError,
} from './errors.ts';
import { type NgSocket, ngUdpSocket, type OpenNgSocket } from './ng-socket.ts';

/** A command as it goes over the wire. */
export interface NgCommand extends BencodeDictionary {
  readonly command: string;
}

export interface NgClientOptions {
  /** `host:port` of the node's ng port. */
  readonly address: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** How the node is reached; UDP unless told otherwise. */
  readonly open?: OpenNgSocket;
  readonly random?: (size: number) => Buffer;
}

/** Commands that wait for one node at the same time; a healthy node answers thousands in a second. */
export const MAX_COMMANDS_IN_FLIGHT = 256;

/** A node on the same network answers within 2 ms; after this long the datagram is more likely lost than late. */
const FIRST_RESEND_MS = 60;

/** Largest payload of a UDP datagram over IPv4. */
const MAX_DATAGRAM_BYTES = 65_507;

const SPACE = 0x20;

interface Pending {
  readonly datagram: Uint8Array;
  readonly settle: (outcome: BencodeDictionary | NgError) => void;
  readonly deadline: Timer;
  resend: Timer;
}

/**
 * Speaks the ng protocol with one node over one UDP socket. A command is sent again, under the same cookie, until its
 * answer or its deadline comes: the node answers a cookie it has seen from memory and does nothing twice. An answer
 * that nobody waits for is ignored.
 */
export class NgClient {
  readonly #options: NgClientOptions;
  /** The node remembers cookies whoever sent them, so two clients must never choose the same one. */
  readonly #cookiePrefix: string;
  readonly #pending = new Map<string, Pending>();
  #commands = 0;
  #socket: NgSocket | undefined;
  /** After a failure the next command goes over a fresh socket: the node's name may mean another address by then. */
  #isSocketStale = false;
  #isClosed = false;

  constructor(options: NgClientOptions) {
    this.#options = options;
    this.#cookiePrefix = (options.random ?? randomBytes)(12).toString('base64url');
  }

  get address(): string {
    return this.#options.address;
  }

  /** How many commands wait for their answer. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /**
   * The node's answer. Rejects with an `NgSilentError` when there is none, `NgRefusedError` when it says no,
   * `NgProtocolError` when it makes no sense.
   */
  request(command: NgCommand, timeoutMs: number): Promise<BencodeDictionary> {
    const attributes = { 'rpc.system': 'ng', 'rpc.method': command.command, 'rpc.service': this.#options.address };
    return withStep(`ng ${command.command}`, { kind: SpanKind.CLIENT, attributes }, () =>
      this.#exchange(command, timeoutMs),
    );
  }

  #exchange(command: NgCommand, timeoutMs: number): Promise<BencodeDictionary> {
    return new Promise((resolve, reject) => {
      const { address, clock } = this.#options;
      if (this.#isClosed) throw new NgUnreachableError(address);
      if (this.#pending.size >= MAX_COMMANDS_IN_FLIGHT) throw new NgBusyError(address, this.#pending.size);
      const cookie = `${this.#cookiePrefix}_${String(++this.#commands)}`;
      const datagram = Buffer.concat([Buffer.from(`${cookie} `), encodeBencode(command)]);
      if (datagram.length > MAX_DATAGRAM_BYTES) throw new NgTooLargeError(datagram.length);

      const socket = this.#freshSocket();
      const pending: Pending = {
        datagram,
        settle: (outcome) => {
          pending.deadline.cancel();
          pending.resend.cancel();
          this.#pending.delete(cookie);
          if (outcome instanceof Error) reject(outcome);
          else accept(command.command, outcome, resolve, reject);
        },
        deadline: clock.after(timeoutMs, () => {
          this.#isSocketStale = true;
          pending.settle(new NgTimeoutError(address, command.command, timeoutMs));
        }),
        resend: this.#resendAfter(cookie, FIRST_RESEND_MS),
      };
      this.#pending.set(cookie, pending);
      socket.send(datagram);
    });
  }

  /** Fails what is pending and releases the socket. */
  close(): void {
    this.#isClosed = true;
    this.#closeSocket(new NgUnreachableError(this.#options.address));
  }

  #resendAfter(cookie: string, delayMs: number): Timer {
    return this.#options.clock.after(delayMs, () => {
      const pending = this.#pending.get(cookie);
      if (pending === undefined) return;
      pending.resend = this.#resendAfter(cookie, 2 * delayMs);
      this.#socket?.send(pending.datagram);
    });
  }

  #freshSocket(): NgSocket {
    if (this.#isSocketStale && this.#pending.size === 0) {
      this.#socket?.close();
      this.#socket = undefined;
    }
    if (this.#socket !== undefined) return this.#socket;
    this.#isSocketStale = false;
    const open = this.#options.open ?? ngUdpSocket(this.#options.address);
    const socket = open({
      received: (datagram) => {
        if (socket === this.#socket) this.#receive(datagram);
      },
      failed: (cause) => {
        if (socket === this.#socket) this.#closeSocket(new NgUnreachableError(this.#options.address, { cause }));
      },
    });
    this.#socket = socket;
    return socket;
  }

  #closeSocket(error: NgError): void {
    this.#socket?.close();
    this.#socket = undefined;
    for (const pending of [...this.#pending.values()]) pending.settle(error);
  }

  #receive(datagram: Uint8Array): void {
    const cookieEnd = datagram.indexOf(SPACE);
    const cookie = Buffer.from(datagram.subarray(0, Math.max(0, cookieEnd))).toString('latin1');
    const pending = this.#pending.get(cookie);
    if (pending === undefined) {
      this.#options.log.debug('ng.answer-ignored', { address: this.#options.address, bytes: datagram.length });
      return;
    }
    pending.settle(decodeAnswer(datagram.subarray(cookieEnd + 1)));
  }
}

function decodeAnswer(bytes: Uint8Array): BencodeDictionary | NgError {
  let value: BencodeValue;
  try {
    value = decodeBencode(bytes);
  } catch (cause) {
    return new NgProtocolError('the answer is not bencode', { cause });
  }
  return isDictionary(value) ? value : new NgProtocolError('the answer is not a dictionary');
}

function accept(
  command: string,
  answer: BencodeDictionary,
  resolve: (answer: BencodeDictionary) => void,
  reject: (error: NgError) => void,
): void {
  const { result } = answer;
  if (result === 'ok' || result === 'pong') resolve(answer);
  else if (result === 'error') reject(new NgRefusedError(command, textOf(answer['error-reason'])));
  else if (result === 'load limit') reject(new NgRefusedError(command, `load limit: ${textOf(answer['message'])}`));
  else reject(new NgProtocolError(`${command}: unknown result ${textOf(result)}`));
}

function textOf(value: BencodeValue | undefined): string {
  return typeof value === 'string' ? value : 'no reason given';
}

/** Whether a decoded value is a dictionary. */
export function isDictionary(value: BencodeValue | undefined): value is BencodeDictionary {
  return typeof value === 'object' && !Array.isArray(value);
}
