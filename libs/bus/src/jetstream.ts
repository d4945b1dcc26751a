import { ErrorCode, headers as emptyHeaders, type MsgHdrs, NatsError } from 'nats';
import { decode, encode } from './codec.ts';
import { type Exchange } from './exchange.ts';

/** How a message is to be stored. */
export interface StoreOptions {
  /** `Nats-Msg-Id`: told twice, stored once. */
  readonly msgID?: string;
  readonly headers?: MsgHdrs;
  /** Stored only if the last message of its subject has this sequence; 0: if there is none. */
  readonly expect?: { readonly lastSubjectSequence: number };
}

/** Where JetStream keeps a message. */
export interface Placement {
  readonly seq: number;
}

/** The few questions to JetStream that every call asks. */
export class JetStream {
  readonly #exchange: Pick<Exchange, 'request'>;
  readonly #timeoutMs: number;

  constructor(exchange: Pick<Exchange, 'request'>, timeoutMs: number) {
    this.#exchange = exchange;
    this.#timeoutMs = timeoutMs;
  }

  /** Stores a message. Throws `NatsError`, with `api_error` when JetStream refuses. */
  async publish(subject: string, payload: Uint8Array, options: StoreOptions = {}): Promise<Placement> {
    const { msgID, headers = emptyHeaders(), expect } = options;
    if (msgID !== undefined) headers.set('Nats-Msg-Id', msgID);
    if (expect !== undefined) headers.set('Nats-Expected-Last-Subject-Sequence', String(expect.lastSubjectSequence));
    const ack = await this.#ask(subject, payload, headers);
    if (isPlacement(ack)) return ack;
    throw new NatsError('no acknowledgement of JetStream', ErrorCode.JetStreamInvalidAck);
  }

  /** Deletes one message; its bytes are not overwritten. Throws like `publish`. */
  async deleteMessage(stream: string, seq: number): Promise<void> {
    await this.#ask(`$JS.API.STREAM.MSG.DELETE.${stream}`, encode({ seq, no_erase: true }));
  }

  async #ask(subject: string, payload: Uint8Array, headers?: MsgHdrs): Promise<unknown> {
    const timeout = this.#timeoutMs;
    const options = headers === undefined || headers.keys().length === 0 ? { timeout } : { timeout, headers };
    const answer = decode((await this.#exchange.request(subject, payload, options)).data);
    const error = refusal(answer);
    if (error === undefined) return answer;
    const failure = new NatsError(error.description, String(error.code));
    failure.api_error = error;
    throw failure;
  }
}

/** What JetStream says of a request it refuses. */
function refusal(answer: unknown): { code: number; err_code: number; description: string } | undefined {
  if (!isObject(answer) || !isObject(answer['error'])) return undefined;
  const { code, err_code: errCode, description } = answer['error'];
  return {
    code: typeof code === 'number' ? code : 500,
    err_code: typeof errCode === 'number' ? errCode : 0,
    description: typeof description === 'string' ? description : '',
  };
}

function isPlacement(answer: unknown): answer is Placement {
  return isObject(answer) && typeof answer['seq'] === 'number';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
