/** The engine cannot listen where it was told to. */
export class MediaBindError extends Error {
  readonly code = 'MEDIA_BIND';
  /** For example `esl/127.0.0.1:8021`. */
  readonly endpoint: string;

  constructor(endpoint: string, options: ErrorOptions) {
    super(`cannot listen on ${endpoint}`, options);
    this.name = 'MediaBindError';
    this.endpoint = endpoint;
  }
}

/** Why a call is not taken; `status` is the SIP answer. */
export class CallRefusedError extends Error {
  readonly code = 'MEDIA_CALL_REFUSED';
  readonly status: number;

  constructor(status: number, problem: string, options?: ErrorOptions) {
    super(problem, options);
    this.name = 'CallRefusedError';
    this.status = status;
  }
}

/** A client does not speak the event socket protocol; its connection is to be dropped. */
export class EslFramingError extends Error {
  readonly code = 'ESL_FRAMING';

  constructor(problem: string) {
    super(`event socket: ${problem}`);
    this.name = 'EslFramingError';
  }
}
