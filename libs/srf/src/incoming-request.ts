import { type SrfRequest, type SrfResponse } from './drachtio.ts';
import { ResponseNotSentError } from './errors.ts';

/** Headers by name; several values make several lines. */
export type HeaderValues = Readonly<Record<string, string | readonly string[]>>;

/** A SIP response in the making. */
export interface Reply {
  readonly status: number;
  readonly reason?: string | undefined;
  readonly headers?: HeaderValues;
  readonly body?: string;
}

/** A request from the network as the engine handed it over. */
export interface IncomingRequest {
  readonly method: string;
  readonly uri: string;
  /** The header's value, several lines joined by commas; undefined when absent. Names in any case. */
  header(name: string): string | undefined;
  readonly transport: string;
  /** `ip:port` the request came from. */
  readonly source: string;
  /** `ip:port` of our socket it came in by. */
  readonly receivedOn: string | undefined;
  /** Sends a response. Throws `ResponseNotSentError` when the engine refused it or is gone. */
  reply(reply: Reply): Promise<void>;
}

/** Wraps what drachtio-srf hands to its middleware. */
export function incomingRequest(request: SrfRequest, response: SrfResponse): IncomingRequest {
  return {
    method: request.method,
    uri: request.uri,
    header: (name) => request.get(name),
    transport: request.protocol.toLowerCase(),
    source: joinHostPort(request.source_address, request.source_port),
    receivedOn: request.receivedOn,
    reply: (reply) => send(response, reply),
  };
}

function send(response: SrfResponse, { status, reason, headers, body }: Reply): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { ...(headers === undefined ? {} : { headers }), ...(body === undefined ? {} : { body }) };
    response.send(status, reason, options, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(new ResponseNotSentError(status, { cause: error }));
    });
  });
}

function joinHostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}
