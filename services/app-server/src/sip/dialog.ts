import { type IncomingRequest, type OutgoingEvents, type OutgoingRequest, type SentRequest } from '@callweave/srf';
import { activeTrace } from '@callweave/telemetry';
import { RequestFailedError } from '../errors.ts';

/** Sends requests through the SIP engine. */
export interface Sender {
  send(request: OutgoingRequest, events: OutgoingEvents): SentRequest;
}

/** Q.850 cause 41: the call might go on elsewhere. RFC 3326 */
export const goOnElsewhere = { Reason: 'Q.850;cause=41;text="Temporary failure"' };

/** What a dialog tells whoever holds it. */
export interface DialogUser {
  /** The peer offers another description; resolves with ours. Rejections with a `status` are answered with it. */
  readonly onOffer: (sdp: string) => Promise<string>;
}

/** One call with one peer, from its 200 on. */
export class Dialog {
  /** What the SIP engine calls it. */
  readonly id: string;
  /** The trace it began in, as a `traceparent`. */
  readonly trace = activeTrace();
  readonly #sender: Sender;
  readonly #user: DialogUser;
  readonly #listeners: (() => void)[] = [];
  #isOver = false;
  #isGivenUp = false;
  #localSdp: string;

  constructor(parts: {
    readonly id: string;
    readonly sender: Sender;
    readonly localSdp: string;
    readonly user: DialogUser;
  }) {
    this.id = parts.id;
    this.#sender = parts.sender;
    this.#localSdp = parts.localSdp;
    this.#user = parts.user;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Calls back once, when the call is over, whoever ended it; at once if it is. */
  onEnded(listener: () => void): void {
    if (this.#isOver) listener();
    else this.#listeners.push(listener);
  }

  /** Whether the call was given up, and may go on elsewhere. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Ends the call. */
  hangUp(): void {
    this.#leave({});
  }

  /** Ends the call here, and says that another application server might go on with it. */
  giveUp(): void {
    if (!this.#isOver) this.#isGivenUp = true;
    this.#leave(goOnElsewhere);
  }

  /** Offers the peer another description; resolves with its answer. Rejects with `RequestFailedError`. */
  modify(sdp: string): Promise<string> {
    this.#localSdp = sdp;
    return new Promise((resolve, reject) => {
      const request = { ...this.#request('INVITE'), headers: { 'Content-Type': 'application/sdp' }, body: sdp };
      this.#sender.send(request, {
        responded: (response) => {
          if (response.status < 200) return;
          if (response.status >= 300) reject(new RequestFailedError('INVITE', response.status));
          else {
            response.acknowledge();
            resolve(response.body ?? '');
          }
        },
        failed: (cause) => reject(new RequestFailedError('INVITE', 503, { cause })),
      });
    });
  }

  /** Takes a request of the peer. */
  async receive(request: IncomingRequest): Promise<void> {
    switch (request.method) {
      case 'ACK':
        return;
      case 'BYE':
        this.#ended();
        // One that the engine has made itself waits for no answer.
        if (!request.isFromEngine) await request.reply({ status: 200 });
        return;
      case 'INVITE':
      case 'UPDATE':
        await this.#offered(request);
        return;
      case 'INFO':
      case 'OPTIONS':
        await request.reply({ status: 200 });
        return;
      default:
        await request.reply({ status: 405, headers: { Allow: 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE' } });
    }
  }

  async #offered(request: IncomingRequest): Promise<void> {
    try {
      // Without an offer it keeps the session alive, RFC 4028 §7.4, and what we are has not changed.
      if (request.body !== undefined) this.#localSdp = await this.#user.onOffer(request.body);
      const isEmpty = request.method === 'UPDATE' && request.body === undefined;
      await request.reply(isEmpty ? { status: 200 } : { status: 200, ...sdpContent(this.#localSdp) });
    } catch (error) {
      if (!hasStatus(error)) throw error;
      await request.reply({ status: error.status });
    }
  }

  #leave(headers: Readonly<Record<string, string>>): void {
    if (this.#isOver) return;
    this.#ended();
    // Whatever becomes of the BYE, there is nothing left to do.
    this.#sender.send({ ...this.#request('BYE'), headers }, { responded: () => undefined, failed: () => undefined });
  }

  #request(method: string): OutgoingRequest {
    return { method, uri: 'sip:placeholder', dialogId: this.id };
  }

  #ended(): void {
    this.#isOver = true;
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** A description as the content of a message. */
export function sdpContent(body: string): {
  readonly headers: { readonly 'Content-Type': string };
  readonly body: string;
} {
  return { headers: { 'Content-Type': 'application/sdp' }, body };
}

/** Whether an error says which SIP answer it deserves. */
export function hasStatus(error: unknown): error is Error & { readonly status: number } {
  return error instanceof Error && 'status' in error && typeof error.status === 'number';
}
