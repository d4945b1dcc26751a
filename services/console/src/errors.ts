/** Why a request is not answered; becomes `application/problem+json`, RFC 9457. Match on `code`. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: string, status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

/** The port of the page cannot be opened. */
export class PortUnavailableError extends Error {
  readonly code = 'PORT_UNAVAILABLE';

  constructor(host: string, port: number, reason: string, options?: ErrorOptions) {
    super(`port ${String(port)} of ${host} ${reason}: free it or set CALLWEAVE_CONSOLE_PORT`, options);
    this.name = 'PortUnavailableError';
  }
}
