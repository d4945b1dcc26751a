import { createRequire } from 'node:module';

/** A SIP message as drachtio-srf parsed it: one string a header, several lines joined by commas. */
export interface SrfMessage {
  readonly body: string | undefined;
  /** What was parsed: headers by their full name, in lower case as a rule. */
  readonly msg?: { readonly headers: Readonly<Record<string, string | undefined>> };
  get(name: string): string | undefined;
}

/** Headers drachtio-srf writes; an array makes several lines. */
export type SrfHeaders = Readonly<Record<string, string | readonly string[]>>;

/** The part of drachtio-srf's request that we use; its own types leave out what its documentation promises. */
export interface SrfRequest extends SrfMessage {
  readonly method: string;
  readonly uri: string;
  readonly source: 'network' | 'application';
  readonly source_address: string;
  readonly source_port: number | string;
  readonly protocol: string;
  /** `address:port` of the socket it came in by. */
  readonly receivedOn: string | undefined;
  /** Empty outside a dialog. */
  readonly stackDialogId: string | undefined;
  on(event: 'cancel', listener: (cancel: SrfMessage) => void): void;
}

/** The part of drachtio-srf's response that we use, sent or received. */
export interface SrfResponse extends SrfMessage {
  readonly status: number;
  readonly reason: string;
  readonly finalResponseSent: boolean;
  /** Of a response received: where it came from. */
  readonly source_address?: string;
  readonly source_port?: number | string;
  readonly protocol?: string;
  send(
    status: number,
    reason: string | undefined,
    options: { headers?: SrfHeaders; body?: string },
    callback: (error: unknown) => void,
  ): void;
}

/** Sends the ACK of a 2xx or the PRACK of a reliable 1xx. */
export type SrfAck = (options?: { headers?: SrfHeaders; body?: string }) => void;

/** A request we sent. */
export interface SrfSentRequest extends SrfMessage {
  on(event: 'response', listener: (response: SrfResponse, ack: SrfAck) => void): void;
  on(event: 'update', listener: (request: SrfRequest, response: SrfResponse) => void): void;
  cancel(options: { headers?: SrfHeaders }, callback: (error: unknown) => void): void;
}

export interface SrfRequestOptions {
  readonly method: string;
  readonly uri: string;
  readonly headers?: SrfHeaders;
  readonly body?: string;
  readonly proxy?: string;
  readonly stackDialogId?: string;
}

export type SrfMiddleware = (request: SrfRequest, response: SrfResponse, next: () => void) => void;

/** The part of drachtio-srf's application that we use. */
export interface SrfApplication {
  connect(options: { host: string; port: number; secret: string; reconnect?: object; enablePing?: boolean }): unknown;
  disconnect(): void;
  use(middleware: SrfMiddleware): void;
  use(method: string, middleware: SrfMiddleware): void;
  request(options: SrfRequestOptions, callback: (error: unknown, sent?: SrfSentRequest) => void): void;
  on(event: 'connect', listener: (error: unknown, contacts?: string, version?: string, sockets?: string) => void): void;
  on(event: 'close' | 'reconnecting', listener: () => void): void;
  on(event: 'error', listener: (error: unknown) => void): void;
}

const load = createRequire(import.meta.url);

/** A fresh drachtio-srf application. */
export function createSrf(): SrfApplication {
  const Srf = load('drachtio-srf') as new () => SrfApplication;
  return new Srf();
}
