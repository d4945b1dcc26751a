/** The engine cannot listen where it was told to. */
export class BindError extends Error {
  readonly code = 'ENGINE_BIND';
  /** `udp/127.0.0.1:5060` or `control/0.0.0.0:9022`. */
  readonly endpoint: string;
  /** The operating system's word for it, for example EADDRINUSE. */
  readonly reason: string;

  constructor(endpoint: string, reason: string, options?: ErrorOptions) {
    super(`cannot listen on ${endpoint}: ${reason}`, options);
    this.name = new.target.name;
    this.endpoint = endpoint;
    this.reason = reason;
  }
}

/** An application asked for what cannot be done; `message` is shown to it after `NOK`. */
export class RefusedError extends Error {
  readonly code = 'ENGINE_REFUSED';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The `code` of a system error, or its message. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return String(error);
}

/** What an application is told of a command that failed; a defect of ours is no more to it than that. */
export function asRefused(error: unknown): RefusedError {
  return error instanceof RefusedError ? error : new RefusedError('server error');
}
