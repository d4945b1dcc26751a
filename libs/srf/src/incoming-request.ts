import { unbracket } from '@callweave/sip';
import { bound } from '@callweave/telemetry';
import { type SrfHeaders, type SrfMessage, type SrfRequest, type SrfResponse } from './drachtio.ts';
import { ResponseNotSentError } from './errors.ts';

/** Headers by name; several values make several lines. */
export type HeaderValues = SrfHeaders;

/** A SIP response in the making. */
export interface Reply {
  readonly status: number;
  readonly reason?: string | undefined;
  readonly headers?: HeaderValues;
  readonly body?: string | undefined;
}

/** What can be read of any message. */
export interface ReadableMessage {
  /** The header's value, several lines joined by commas; undefined when absent. Names in any case. */
  header(name: string): string | undefined;
  /** Undefined when there is none. */
  readonly body: string | undefined;
}

/** A request from the network as the engine handed it over. */
export interface IncomingRequest extends ReadableMessage {
  readonly method: string;
  readonly uri: string;
  /** `udp`, `tcp`, `tls`, `ws` or `wss`. */
  readonly transport: string;
  /** `ip:port` the request came from. */
  readonly source: string;
  /** `ip:port` of our socket it came in by. */
  readonly receivedOn: string | undefined;
  /** Whether the engine made it itself, for example the BYE after an ACK that never came; it wants no answer. */
  readonly isFromEngine: boolean;
  /** Sends a response. Throws `ResponseNotSentError` when the engine refused it or is gone. */
  reply(reply: Reply): Promise<void>;
  /** Calls `listener` when the caller cancels, within the trace that is active now; the engine has answered by then. */
  onCancel(listener: (cancel: ReadableMessage) => void): void;
}

/** Wraps what drachtio-srf hands to its middleware. */
export function incomingRequest(request: SrfRequest, response: SrfResponse): IncomingRequest {
  return {
    method: request.method,
    uri: request.uri,
    ...readable(request),
    transport: transportOf(request),
    source: joinHostPort(request.source_address, request.source_port),
    receivedOn: socketOf(request),
    isFromEngine: request.source === 'application',
    reply: (reply) => send(response, reply),
    onCancel: (listener) => {
      request.on(
        'cancel',
        bound((cancel) => listener(readable(cancel))),
      );
    },
  };
}

/** Wraps a message; the body is undefined when it is empty. */
export function readable(message: SrfMessage): ReadableMessage {
  const { body } = message;
  return { header: headersOf(message), body: body === '' ? undefined : body };
}

/**
 * Looks headers up in what drachtio-srf has parsed, where nearly all are in lower case; the few others are sought once.
 * It goes through all of them each time itself.
 */
function headersOf(message: SrfMessage): (name: string) => string | undefined {
  const { msg } = message;
  if (msg === undefined) return (name) => message.get(name);
  const { headers } = msg;
  let others: Map<string, string | undefined> | undefined;
  return (name) => {
    const lowerCase = name.toLowerCase();
    if (Object.hasOwn(headers, lowerCase)) return headers[lowerCase];
    others ??= new Map(
      Object.keys(headers)
        .filter((written) => written !== written.toLowerCase())
        .map((written) => [written.toLowerCase(), headers[written]]),
    );
    return others.get(lowerCase);
  };
}

/** Engines call a websocket `tcp`; its Via tells it apart. RFC 7118 §5.2. */
function transportOf(request: SrfRequest): string {
  const protocol = request.protocol.toLowerCase();
  if (protocol !== 'tcp' && protocol !== 'tls') return protocol;
  return /^SIP\s*\/\s*2\.0\s*\/\s*(wss?)\s/i.exec(request.get('via') ?? '')?.[1]?.toLowerCase() ?? protocol;
}

function send(response: SrfResponse, { status, reason, headers, body }: Reply): Promise<void> {
  return new Promise((resolve, reject) => {
    // drachtio-srf takes headers out of what it is given.
    const options = {
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...(body === undefined ? {} : { body }),
    };
    response.send(status, reason, options, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(new ResponseNotSentError(status, { cause: error }));
    });
  });
}

/** An IPv6 address is told without its brackets. */
function socketOf({ receivedOn }: SrfRequest): string | undefined {
  const colon = receivedOn?.lastIndexOf(':') ?? -1;
  return receivedOn === undefined || colon < 0
    ? receivedOn
    : joinHostPort(unbracket(receivedOn.slice(0, colon)), receivedOn.slice(colon + 1));
}

/** `host:port`, an IPv6 host in brackets. */
export function joinHostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}
