/** A call this server cannot serve; `status` is the SIP answer. */
export class CallRejectedError extends Error {
  readonly code: 'APP_UNKNOWN' | 'APP_NOT_BUILT' | 'APP_PARAMETER' | 'NO_OFFER' | 'NO_MEDIA_SERVER' | 'DRAINING';
  readonly status: number;

  constructor(code: CallRejectedError['code'], status: number, problem: string) {
    super(problem);
    this.name = 'CallRejectedError';
    this.code = code;
    this.status = status;
  }
}

/** A request of ours was answered with a failure, or could not be sent. */
export class RequestFailedError extends Error {
  readonly code = 'SIP_REQUEST_FAILED';
  readonly status: number;

  constructor(method: string, status: number, options?: ErrorOptions) {
    super(`${method} was answered ${String(status)}`, options);
    this.name = 'RequestFailedError';
    this.status = status;
  }
}
