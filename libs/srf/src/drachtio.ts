import { createRequire } from 'node:module';

/** The part of drachtio-srf's request that we use; its own types leave out what its documentation promises. */
export interface SrfRequest {
  readonly method: string;
  readonly uri: string;
  readonly source: 'network' | 'application';
  readonly source_address: string;
  readonly source_port: number | string;
  readonly protocol: string;
  /** `address:port` of the socket it came in by. */
  readonly receivedOn: string | undefined;
  readonly body: string | undefined;
  get(name: string): string | undefined;
}

/** The part of drachtio-srf's response that we use. */
export interface SrfResponse {
  readonly finalResponseSent: boolean;
  send(
    status: number,
    reason: string | undefined,
    options: { headers?: Readonly<Record<string, string | readonly string[]>>; body?: string },
    callback: (error: unknown) => void,
  ): void;
}

export type SrfMiddleware = (request: SrfRequest, response: SrfResponse) => void;

/** The part of drachtio-srf's application that we use. */
export interface SrfApplication {
  connect(options: { host: string; port: number; secret: string; reconnect?: object; enablePing?: boolean }): unknown;
  disconnect(): void;
  use(method: string, middleware: SrfMiddleware): void;
  on(event: 'connect', listener: (error: unknown, contacts?: string, version?: string) => void): void;
  on(event: 'close' | 'reconnecting', listener: () => void): void;
  on(event: 'error', listener: (error: unknown) => void): void;
}

const load = createRequire(import.meta.url);

/** A fresh drachtio-srf application. */
export function createSrf(): SrfApplication {
  const Srf = load('drachtio-srf') as new () => SrfApplication;
  return new Srf();
}
