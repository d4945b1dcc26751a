import { AssertionError } from 'node:assert';
import { type SrfAck, type SrfApplication, type SrfResponse, type SrfSentRequest } from './drachtio.ts';
import { type HeaderValues, joinHostPort, readable, type ReadableMessage } from './incoming-request.ts';
import { sendInSpan } from './traced-request.ts';
import { type Saying } from './unsaid.ts';

/** A request to send. */
export interface OutgoingRequest {
  readonly method: string;
  readonly uri: string;
  /** Where it goes, if not where `uri` says; a SIP URI. */
  readonly nextHop?: string | undefined;
  /** Inside this dialog: the engine fills in URI, tags, Route and CSeq. */
  readonly dialogId?: string | undefined;
  readonly headers?: HeaderValues;
  readonly body?: string | undefined;
  /** It goes to a part of the platform, which goes on with the trace; nobody else is shown it. */
  readonly isInternal?: boolean | undefined;
}

/** A response to a request of ours. */
export interface IncomingResponse extends ReadableMessage {
  readonly status: number;
  readonly reason: string;
  /** `ip:port` it came from; empty for one the engine made itself. */
  readonly source: string;
  readonly transport: string;
  /** Acknowledges a 2xx to INVITE, RFC 3261 §13.2.2.4. */
  acknowledge(body?: { readonly type: string; readonly content: string }): void;
}

/** What becomes of a request; `failed` or one final response comes last, and only once. */
export interface OutgoingEvents {
  /** It left; the message is as it went out. */
  readonly sent?: (sent: ReadableMessage) => void;
  readonly responded: (response: IncomingResponse) => void;
  /** It could not be sent, or the engine is gone. */
  readonly failed: (error: unknown) => void;
}

/** A request under way. */
export interface SentRequest {
  /** Cancels an INVITE; before the engine knows it, as soon as it does. RFC 3261 §9.1. */
  cancel(headers?: HeaderValues): void;
}

/** Notes that a request is being cancelled, with these headers. */
export type NoteCancel = (sent: ReadableMessage, headers: HeaderValues) => Saying;

/** Sends a request. Nothing is called back in the same turn. */
export function sendRequest(
  srf: SrfApplication,
  request: OutgoingRequest,
  told: OutgoingEvents,
  noteCancel?: NoteCancel,
): SentRequest {
  let sent: SrfSentRequest | undefined;
  let cancelWith: HeaderValues | undefined;
  const { method, uri, nextHop, dialogId, body } = request;
  const { headers, events, cancelled } = sendInSpan(request, told);
  const options = {
    method,
    uri,
    ...(nextHop === undefined ? {} : { proxy: nextHop }),
    ...(dialogId === undefined ? {} : { stackDialogId: dialogId }),
    ...(headers === undefined ? {} : { headers: dialogId === undefined ? headers : headersInDialog(method, headers) }),
    ...(body === undefined ? {} : { body }),
  };
  const cancelIt = (message: SrfSentRequest, cancelHeaders: HeaderValues): void => {
    const noted = noteCancel?.(readable(message), cancelHeaders);
    message.cancel({ headers: cancelHeaders }, (error) => {
      if (error === null || error === undefined) noted?.said();
      else noted?.unsaid();
    });
  };
  const onSent = (error: unknown, message?: SrfSentRequest): void => {
    if (message === undefined) {
      events.failed(error);
      return;
    }
    sent = message;
    message.on('response', (response, ack) => events.responded(incomingResponse(response, ack)));
    // An UPDATE while this request is open surfaces here and nowhere else; unanswered it would hang for ever.
    message.on('update', (_request, response) => response.send(491, undefined, {}, () => undefined));
    events.sent?.(readable(message));
    if (cancelWith !== undefined) cancelIt(message, cancelWith);
  };
  try {
    srf.request(options, onSent);
  } catch (error) {
    // drachtio-srf asserts when it has no connection.
    queueMicrotask(() => events.failed(error));
  }
  return {
    cancel: (cancelHeaders = {}) => {
      cancelled();
      if (sent === undefined) cancelWith = cancelHeaders;
      else cancelIt(sent, cancelHeaders);
    },
  };
}

/** Methods that engines give their Contact inside a dialog when they are given none. */
const WITH_CONTACT: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/**
 * Inside a dialog drachtio-server cannot fill its address into a Contact, and drops it with every header after it: ours is
 * left out where the engine has its own, and comes last elsewhere.
 */
function headersInDialog(method: string, { Contact, ...headers }: HeaderValues): HeaderValues {
  return Contact === undefined || WITH_CONTACT.has(method) ? headers : { ...headers, Contact };
}

function sourceOf({ source_address: host = '', source_port: port = '' }: SrfResponse): string {
  return host === '' ? '' : joinHostPort(host, port);
}

function incomingResponse(response: SrfResponse, ack: SrfAck): IncomingResponse {
  return {
    status: response.status,
    reason: response.reason,
    source: sourceOf(response),
    transport: (response.protocol ?? '').toLowerCase(),
    ...readable(response),
    acknowledge: (body) => {
      try {
        if (body === undefined) ack();
        else ack({ headers: { 'Content-Type': body.type }, body: body.content });
      } catch (error) {
        // drachtio-srf asserts when the connection is gone by which the response came; the dialog is lost with its engine.
        if (!(error instanceof AssertionError)) throw error;
      }
    },
  };
}
